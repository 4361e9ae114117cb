-- Foundation: tasks with their dependencies and attempts, workers, the event log, task logs, API keys.
-- Runs on PostgreSQL 15 to 18. Every key starts with the tenant.

CREATE TYPE "task_status" AS ENUM ('PENDING', 'SCHEDULED', 'READY', 'RUNNING', 'RETRYING', 'WAITING', 'PAUSED', 'COMPLETED', 'FAILED', 'CANCELLED', 'SKIPPED');
CREATE TYPE "task_priority" AS ENUM ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'BACKGROUND');
CREATE TYPE "dependency_kind" AS ENUM ('COMPLETION', 'DATA', 'RESOURCE');
CREATE TYPE "dependency_state" AS ENUM ('PENDING', 'SATISFIED', 'UNMET');
CREATE TYPE "unmet_rule" AS ENUM ('SKIP', 'FAIL', 'CANCEL');
CREATE TYPE "attempt_outcome" AS ENUM ('COMPLETED', 'FAILED', 'TIMED_OUT', 'CANCELLED', 'LOST', 'RELEASED');
CREATE TYPE "worker_state" AS ENUM ('ACTIVE', 'DRAINING', 'LOST', 'STOPPED');
CREATE TYPE "role" AS ENUM ('ADMIN', 'OPERATOR', 'DEVELOPER', 'WORKER', 'VIEWER');

-- Task types -----------------------------------------------------------------------------------------------------

CREATE TABLE "task_type" (
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "name" TEXT NOT NULL,
    "description" TEXT,
    "input_schema" JSONB,
    "output_schema" JSONB,
    "defaults" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "task_type_pkey" PRIMARY KEY ("tenant", "name"),
    CONSTRAINT "task_type_name_is_snake_case" CHECK ("name" ~ '^[a-z][a-z0-9_]{0,63}$')
);

-- Tasks ----------------------------------------------------------------------------------------------------------

CREATE TABLE "task" (
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT,
    "queue" TEXT NOT NULL DEFAULT 'default',
    "type" TEXT NOT NULL,
    "status" "task_status" NOT NULL,
    "priority" "task_priority" NOT NULL DEFAULT 'MEDIUM',
    "version" INTEGER NOT NULL DEFAULT 1,
    "input" JSONB,
    "output" JSONB,
    "error" JSONB,
    "progress_fraction" REAL,
    "progress_message" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "scheduled_for" TIMESTAMPTZ(3),
    "ready_at" TIMESTAMPTZ(3),
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "deadline" TIMESTAMPTZ(3),
    "estimated_ms" BIGINT,
    "retry" JSONB,
    "queue_timeout_ms" BIGINT,
    "attempt_timeout_ms" BIGINT,
    "total_timeout_ms" BIGINT,
    "heartbeat_timeout_ms" BIGINT,
    "resources" JSONB,
    "tags" TEXT[] NOT NULL DEFAULT '{}',
    "labels" JSONB NOT NULL DEFAULT '{}',
    "concurrency_key" TEXT,
    "fairness_key" TEXT,
    "idempotency_key" TEXT,
    "created_by" TEXT,
    "parent_id" UUID,
    "waiting_on" INTEGER NOT NULL DEFAULT 0,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "epoch" INTEGER NOT NULL DEFAULT 0,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "losses" INTEGER NOT NULL DEFAULT 0,
    "is_resumed" BOOLEAN NOT NULL DEFAULT false,
    "elapsed_ms" BIGINT NOT NULL DEFAULT 0,
    "worker_id" UUID,
    "claimed_at" TIMESTAMPTZ(3),
    "beat_at" TIMESTAMPTZ(3),
    "wake_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3),
    "wait_key" TEXT,
    "paused_from" "task_status",
    "paused_wake_at" TIMESTAMPTZ(3),
    "cancel_reason" TEXT,
    "is_claimable" BOOLEAN NOT NULL DEFAULT false,
    "generation" INTEGER NOT NULL DEFAULT 0,
    "order_key" DOUBLE PRECISION,
    CONSTRAINT "task_pkey" PRIMARY KEY ("tenant", "id"),
    CONSTRAINT "task_tenant_parent_id_fkey" FOREIGN KEY ("tenant", "parent_id") REFERENCES "task"("tenant", "id") ON DELETE NO ACTION ON UPDATE CASCADE,
    -- What a row may hold in each status; the legal moves between them are data in src/task/transition.ts.
    CONSTRAINT "task_running_has_a_lease" CHECK (
        ("status" = 'RUNNING') = ("worker_id" IS NOT NULL)
        AND ("status" <> 'RUNNING' OR ("claimed_at" IS NOT NULL AND "epoch" > 0 AND "attempt" > 0))),
    CONSTRAINT "task_finished_has_a_time" CHECK (
        ("status" IN ('COMPLETED', 'FAILED', 'CANCELLED', 'SKIPPED')) = ("finished_at" IS NOT NULL)),
    CONSTRAINT "task_failed_has_an_error" CHECK ("status" <> 'FAILED' OR "error" IS NOT NULL),
    CONSTRAINT "task_output_only_when_completed" CHECK ("output" IS NULL OR "status" = 'COMPLETED'),
    CONSTRAINT "task_claimable_is_ready" CHECK (NOT "is_claimable" OR ("status" = 'READY' AND "order_key" IS NOT NULL)),
    CONSTRAINT "task_ready_has_a_time" CHECK ("status" <> 'READY' OR "ready_at" IS NOT NULL),
    CONSTRAINT "task_pending_waits" CHECK ("status" <> 'PENDING' OR "waiting_on" > 0),
    CONSTRAINT "task_active_waits_on_nothing" CHECK (
        "waiting_on" = 0 OR "status" IN ('PENDING', 'PAUSED', 'FAILED', 'CANCELLED', 'SKIPPED')),
    CONSTRAINT "task_timed_has_a_wake_up" CHECK ("status" NOT IN ('SCHEDULED', 'RETRYING') OR "wake_at" IS NOT NULL),
    CONSTRAINT "task_waiting_has_an_end" CHECK ("status" <> 'WAITING' OR "wake_at" IS NOT NULL OR "wait_key" IS NOT NULL),
    CONSTRAINT "task_finished_never_wakes" CHECK ("finished_at" IS NULL OR "wake_at" IS NULL),
    CONSTRAINT "task_paused_knows_where_from" CHECK (("status" = 'PAUSED') = ("paused_from" IS NOT NULL)),
    CONSTRAINT "task_counts_are_sound" CHECK (
        "version" >= 1 AND "waiting_on" >= 0 AND "attempt" >= 0 AND "epoch" >= "attempt" AND "failures" >= 0 AND "losses" >= 0 AND "elapsed_ms" >= 0),
    CONSTRAINT "task_progress_is_a_fraction" CHECK ("progress_fraction" BETWEEN 0 AND 1),
    CONSTRAINT "task_timeouts_are_positive" CHECK (
        "queue_timeout_ms" > 0 AND "attempt_timeout_ms" > 0 AND "total_timeout_ms" > 0 AND "heartbeat_timeout_ms" > 0)
) WITH (
    fillfactor = 85,
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
    autovacuum_analyze_scale_factor = 0.02, autovacuum_analyze_threshold = 500,
    autovacuum_vacuum_insert_scale_factor = 0.05,
    autovacuum_vacuum_cost_limit = 2000
);

-- What could be claimed now, in the order of the strategy; a claim probes it once per served type.
CREATE INDEX "task_claim_idx" ON "task"("tenant", "queue", "type", "generation", "order_key", "id") WHERE "is_claimable";
-- Lists by status. COMPLETED, the bulk, is found by walking the primary key.
CREATE INDEX "task_status_idx" ON "task"("tenant", "status", "id") WHERE "status" <> 'COMPLETED';
CREATE INDEX "task_type_idx" ON "task"("tenant", "type", "id");
CREATE INDEX "task_parent_idx" ON "task"("tenant", "parent_id", "id") WHERE "parent_id" IS NOT NULL;
CREATE INDEX "task_finished_idx" ON "task"("tenant", "finished_at", "id") WHERE "finished_at" IS NOT NULL;
CREATE INDEX "task_deadline_idx" ON "task"("tenant", "deadline", "id") WHERE "deadline" IS NOT NULL;
CREATE INDEX "task_scheduled_idx" ON "task"("tenant", "scheduled_for", "id") WHERE "scheduled_for" IS NOT NULL;
CREATE INDEX "task_tags_idx" ON "task" USING GIN ("tags") WHERE "tags" <> '{}';
CREATE INDEX "task_labels_idx" ON "task" USING GIN ("labels" jsonb_path_ops) WHERE "labels" <> '{}';
-- What the clock moves next. Running tasks are few and found by status, so that a claim need not write here.
CREATE INDEX "task_wake_idx" ON "task"("wake_at") WHERE "wake_at" IS NOT NULL AND "status" <> 'RUNNING';
CREATE INDEX "task_wait_key_idx" ON "task"("tenant", "wait_key") WHERE "status" = 'WAITING' AND "wait_key" IS NOT NULL;

-- A task's type exists. Who makes a task locks its type FOR KEY SHARE, once for all tasks of a call; a foreign key would do it again for
-- each. This is the other side: a type is kept, and keeps its name, while tasks have it.
CREATE FUNCTION "keep_task_type"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM "task" WHERE "tenant" = OLD."tenant" AND "type" = OLD."name") THEN
        RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'task_type_is_kept',
            MESSAGE = format('The task type "%s" of the tenant "%s" has tasks', OLD."name", OLD."tenant"),
            HINT = 'Wait until retention has deleted them, or delete them first.';
    END IF;
    RETURN NULL;
END $$;
-- After the fact: by then whoever was making a task of the type has committed, and is seen.
CREATE TRIGGER "task_type_is_kept" AFTER DELETE OR UPDATE OF "tenant", "name" ON "task_type" FOR EACH ROW EXECUTE FUNCTION "keep_task_type"();

CREATE TABLE "task_dependency" (
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "task_id" UUID NOT NULL,
    "depends_on_id" UUID NOT NULL,
    "kind" "dependency_kind" NOT NULL DEFAULT 'COMPLETION',
    "input_field" TEXT,
    "on_unmet" "unmet_rule" NOT NULL DEFAULT 'SKIP',
    "state" "dependency_state" NOT NULL DEFAULT 'PENDING',
    "settled_at" TIMESTAMPTZ(3),
    CONSTRAINT "task_dependency_pkey" PRIMARY KEY ("tenant", "task_id", "depends_on_id"),
    CONSTRAINT "task_dependency_tenant_task_id_fkey" FOREIGN KEY ("tenant", "task_id") REFERENCES "task"("tenant", "id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "task_dependency_tenant_depends_on_id_fkey" FOREIGN KEY ("tenant", "depends_on_id") REFERENCES "task"("tenant", "id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "task_dependency_not_on_itself" CHECK ("task_id" <> "depends_on_id"),
    CONSTRAINT "task_dependency_data_names_a_field" CHECK (("kind" = 'DATA') = ("input_field" IS NOT NULL)),
    CONSTRAINT "task_dependency_settled_has_a_time" CHECK (("state" = 'PENDING') = ("settled_at" IS NULL))
);
CREATE INDEX "task_dependency_tenant_depends_on_id_task_id_idx" ON "task_dependency"("tenant", "depends_on_id", "task_id");

-- What attempts have come to. A row is written when its attempt ends or is parked: while an attempt runs, its task's row says all there
-- is to say of it. There is no foreign key: a row is written under the lock of its task, and deleted with it.
CREATE TABLE "attempt_record" (
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "task_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "epoch" INTEGER NOT NULL,
    "worker_id" UUID NOT NULL,
    "queued_at" TIMESTAMPTZ(3),
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),
    "outcome" "attempt_outcome",
    "error" JSONB,
    "cpu_ms" DOUBLE PRECISION,
    "peak_rss_mb" DOUBLE PRECISION,
    CONSTRAINT "attempt_record_pkey" PRIMARY KEY ("task_id", "number", "tenant"),
    CONSTRAINT "attempt_record_counts_are_sound" CHECK ("number" >= 1 AND "epoch" >= "number"),
    CONSTRAINT "attempt_record_ended_has_an_outcome" CHECK (("finished_at" IS NULL) = ("outcome" IS NULL))
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000);

-- All attempts: those that have a record, and those that run and have none yet. Only an attempt that was parked runs with a record;
-- then its task has had more leases than attempts.
CREATE VIEW "attempt" AS
SELECT * FROM "attempt_record"
UNION ALL
SELECT t."tenant", t."id", t."attempt", t."epoch", t."worker_id", t."ready_at", t."claimed_at", NULL, NULL, NULL, NULL, NULL
FROM "task" AS t WHERE t."status" = 'RUNNING' AND (t."epoch" = t."attempt" OR NOT EXISTS (
    SELECT FROM "attempt_record" AS r WHERE r."tenant" = t."tenant" AND r."task_id" = t."id" AND r."number" = t."attempt"));

-- Workers --------------------------------------------------------------------------------------------------------

-- No foreign key points here: a claim reads the worker's row FOR SHARE in its own statement, and what a worker did
-- is kept longer than the worker.
CREATE TABLE "worker" (
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "host" TEXT NOT NULL,
    "pid" INTEGER,
    "version" TEXT,
    "types" TEXT[] NOT NULL,
    "labels" JSONB NOT NULL DEFAULT '{}',
    "slots" INTEGER NOT NULL,
    "state" "worker_state" NOT NULL DEFAULT 'ACTIVE',
    "lease_ms" INTEGER NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "heartbeat_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "stopped_at" TIMESTAMPTZ(3),
    CONSTRAINT "worker_pkey" PRIMARY KEY ("tenant", "id"),
    CONSTRAINT "worker_has_slots" CHECK ("slots" BETWEEN 1 AND 10000),
    CONSTRAINT "worker_lease_is_sound" CHECK ("lease_ms" BETWEEN 1000 AND 3600000)
) WITH (fillfactor = 50);
CREATE INDEX "worker_tenant_started_at_id_idx" ON "worker"("tenant", "started_at", "id");
CREATE INDEX "worker_alive_idx" ON "worker"("tenant", "id") WHERE "state" IN ('ACTIVE', 'DRAINING');

-- Idempotency and access -----------------------------------------------------------------------------------------

CREATE TABLE "idempotency_key" (
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "verb" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "body_hash" BYTEA NOT NULL,
    "result" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "idempotency_key_pkey" PRIMARY KEY ("tenant", "verb", "key")
);
CREATE INDEX "idempotency_key_created_at_idx" ON "idempotency_key"("created_at");

CREATE TABLE "api_key" (
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "prefix" TEXT NOT NULL,
    "hash" BYTEA NOT NULL,
    "role" "role" NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT,
    "expires_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),
    CONSTRAINT "api_key_pkey" PRIMARY KEY ("tenant", "id")
);
CREATE UNIQUE INDEX "api_key_hash_key" ON "api_key"("hash");
CREATE INDEX "api_key_tenant_created_at_id_idx" ON "api_key"("tenant", "created_at", "id");

-- The event log --------------------------------------------------------------------------------------------------

-- Which life of the database this is. The table is UNLOGGED on purpose: it is empty after a crash and on a promoted
-- standby, exactly when transaction ids that left nothing on disk may be handed out again, and it survives a clean
-- restart. Events carry the number, so a later life's events count as unseen whatever their xid.
CREATE SEQUENCE "database_incarnation_seq" AS INTEGER;
CREATE UNLOGGED TABLE "database_incarnation" (
    "is_current" BOOLEAN NOT NULL DEFAULT true,
    "number" INTEGER NOT NULL DEFAULT nextval('database_incarnation_seq'),
    CONSTRAINT "database_incarnation_pkey" PRIMARY KEY ("is_current"),
    CONSTRAINT "database_incarnation_is_one_row" CHECK ("is_current")
);
CREATE FUNCTION "current_incarnation"() RETURNS INTEGER LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    found_number INTEGER;
BEGIN
    LOOP
        SELECT "number" INTO found_number FROM "database_incarnation";
        IF found_number IS NOT NULL THEN RETURN found_number; END IF;
        -- A number that a crash takes back would be handed out twice: its first transaction waits for the disk.
        PERFORM set_config('synchronous_commit', 'on', true);
        INSERT INTO "database_incarnation" DEFAULT VALUES ON CONFLICT DO NOTHING;
    END LOOP;
END $$;

-- Where the log begins: the newest transaction and the last id that retention has dropped, and the cluster the xids
-- belong to.
CREATE TABLE "event_log" (
    "is_current" BOOLEAN NOT NULL DEFAULT true,
    "system_identifier" BIGINT,
    "dropped_incarnation" INTEGER NOT NULL DEFAULT 0,
    "dropped_xid" xid8 NOT NULL DEFAULT '0',
    "dropped_id" BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT "event_log_pkey" PRIMARY KEY ("is_current"),
    CONSTRAINT "event_log_is_one_row" CHECK ("is_current")
);
INSERT INTO "event_log" DEFAULT VALUES;

CREATE SEQUENCE "event_id_seq" CACHE 1;
CREATE TABLE "event" (
    "id" BIGINT NOT NULL DEFAULT nextval('event_id_seq'),
    "incarnation" INTEGER NOT NULL DEFAULT current_incarnation(),
    "xid" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "kind" TEXT NOT NULL,
    "task_id" UUID,
    "task_type" TEXT,
    "version" INTEGER,
    "status" "task_status",
    "attempt" INTEGER,
    "actor" TEXT,
    "payload" JSONB,
    CONSTRAINT "event_pkey" PRIMARY KEY ("id", "at")
) PARTITION BY RANGE ("at");
-- The tail and replays: what a snapshot has not seen.
CREATE INDEX "event_xid_idx" ON "event"("incarnation", "xid");
-- One task's history; two events can never claim the same version (guarded by task.version under the row's lock).
CREATE INDEX "event_task_idx" ON "event"("tenant", "task_id", "version") WHERE "task_id" IS NOT NULL;
CREATE TABLE "event_default" PARTITION OF "event" DEFAULT;

-- The reads of the log are functions because their plans must use the indexes: a plan cached while the day's partition was
-- empty would scan it from end to end, and planning anew at each read costs more than the read. STABLE: they see what
-- the calling statement's snapshot sees.

-- Up to `max_rows` events that a snapshot has not seen, in no order: of transactions then under way, of later ones, of later
-- lives. Cost follows what is unseen, however long the oldest transaction under way has been open (event_xid_idx).
CREATE FUNCTION "unseen_events"(seen_incarnation INTEGER, seen pg_snapshot, max_rows INTEGER) RETURNS SETOF "event"
LANGUAGE plpgsql STABLE ROWS 500
SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY
        SELECT * FROM "event" WHERE "incarnation" = seen_incarnation AND "xid" = ANY (ARRAY(SELECT pg_snapshot_xip(seen)))
        UNION ALL
        SELECT * FROM "event" WHERE "incarnation" = seen_incarnation AND "xid" >= pg_snapshot_xmax(seen)
        UNION ALL
        SELECT * FROM "event" WHERE "incarnation" > seen_incarnation
        LIMIT max_rows;
END $$;

-- A transaction id a little above `from_xid` that nobody had yet when called. A snapshot cannot tell: its xmax is one past the latest
-- that has completed, and others above it may be well under way.
CREATE FUNCTION "unassigned_xid"(from_xid xid8) RETURNS xid8 LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    base BIGINT := from_xid::TEXT::BIGINT;
    distance BIGINT := 64;
BEGIN
    LOOP
        BEGIN
            PERFORM pg_xact_status((base + distance)::TEXT::xid8);
        EXCEPTION WHEN invalid_parameter_value THEN
            -- "transaction ID is in the future"
            RETURN (base + distance)::TEXT::xid8;
        END;
        distance := distance * 2;
    END LOOP;
END $$;

-- The next `max_rows` events after `last_id`, up to `until_id`, among which are all that a snapshot has not seen whose
-- largest id was `seen_max_id`: below that only transactions then under way, which all come before `seen_next_xid`, can have
-- added any (event_xid_idx), above it the log is walked by id (event_pkey).
CREATE FUNCTION "scan_events"(
    seen_incarnation INTEGER, seen pg_snapshot, seen_next_xid xid8, seen_max_id BIGINT, last_id BIGINT, until_id BIGINT, max_rows INTEGER
) RETURNS SETOF "event" LANGUAGE plpgsql STABLE ROWS 500
SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY
        SELECT * FROM (
            (SELECT * FROM (
                SELECT * FROM "event"
                WHERE "incarnation" = seen_incarnation AND "xid" = ANY (ARRAY(SELECT pg_snapshot_xip(seen)))
                    AND last_id < seen_max_id
                UNION ALL
                SELECT * FROM "event"
                WHERE "incarnation" = seen_incarnation AND "xid" >= pg_snapshot_xmax(seen) AND "xid" < seen_next_xid
                    AND last_id < seen_max_id
                OFFSET 0) AS under_way
            WHERE "id" > last_id AND "id" <= seen_max_id ORDER BY "id" LIMIT max_rows)
            UNION ALL
            (SELECT * FROM "event" WHERE "id" > greatest(last_id, seen_max_id) AND "id" <= until_id ORDER BY "id" LIMIT max_rows)
        ) AS scanned ORDER BY "id" LIMIT max_rows;
END $$;

CREATE FUNCTION "largest_event_id"() RETURNS BIGINT LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN coalesce((SELECT "id" FROM "event" ORDER BY "id" DESC LIMIT 1), 0);
END $$;

CREATE SEQUENCE "task_log_id_seq" CACHE 1;
CREATE TABLE "task_log" (
    "id" BIGINT NOT NULL DEFAULT nextval('task_log_id_seq'),
    "incarnation" INTEGER NOT NULL DEFAULT current_incarnation(),
    "xid" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "task_id" UUID NOT NULL,
    "attempt" INTEGER NOT NULL,
    "level" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "fields" JSONB,
    CONSTRAINT "task_log_pkey" PRIMARY KEY ("id", "at"),
    CONSTRAINT "task_log_level_is_known" CHECK ("level" IN ('debug', 'info', 'warn', 'error'))
) PARTITION BY RANGE ("at");
CREATE INDEX "task_log_task_idx" ON "task_log"("tenant", "task_id", "id");
-- Lines of transactions that were under way when a reader last looked.
CREATE INDEX "task_log_xid_idx" ON "task_log"("incarnation", "xid");
CREATE TABLE "task_log_default" PARTITION OF "task_log" DEFAULT;

-- The next `max_rows` lines of a task after `last_id` that a snapshot has not seen, by id; as for events, below `seen_max_id` only
-- transactions then under way can have added any.
CREATE FUNCTION "unseen_task_log"(
    of_tenant TEXT, of_task UUID, seen_incarnation INTEGER, seen pg_snapshot, seen_next_xid xid8, seen_max_id BIGINT, last_id BIGINT,
    max_rows INTEGER
) RETURNS SETOF "task_log" LANGUAGE plpgsql STABLE ROWS 100
SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY
        SELECT * FROM (
            (SELECT * FROM (
                SELECT * FROM "task_log"
                WHERE "incarnation" = seen_incarnation AND "xid" = ANY (ARRAY(SELECT pg_snapshot_xip(seen)))
                    AND last_id < seen_max_id
                UNION ALL
                SELECT * FROM "task_log"
                WHERE "incarnation" = seen_incarnation AND "xid" >= pg_snapshot_xmax(seen) AND "xid" < seen_next_xid
                    AND last_id < seen_max_id
                OFFSET 0) AS under_way
            WHERE "tenant" = of_tenant AND "task_id" = of_task AND "id" > last_id AND "id" <= seen_max_id
            ORDER BY "id" LIMIT max_rows)
            UNION ALL
            (SELECT * FROM "task_log"
            WHERE "tenant" = of_tenant AND "task_id" = of_task AND "id" > greatest(last_id, seen_max_id)
                AND ("incarnation" > seen_incarnation
                    OR ("incarnation" = seen_incarnation AND NOT pg_visible_in_snapshot("xid", seen)))
            ORDER BY "id" LIMIT max_rows)
        ) AS unseen ORDER BY "id" LIMIT max_rows;
END $$;

-- Makes the partitions of `parent` for `days` days from `first` (UTC) where they are missing; rows that the default
-- partition caught meanwhile move into them. Takes an advisory lock, so that two maintainers do not meet.
CREATE FUNCTION "ensure_day_partitions"(parent TEXT, first DATE, days INTEGER) RETURNS INTEGER LANGUAGE plpgsql AS $$
DECLARE
    made INTEGER := 0;
    day DATE;
    child TEXT;
    lower_bound TIMESTAMPTZ;
    upper_bound TIMESTAMPTZ;
    has_stray_rows BOOLEAN;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ensure_day_partitions'), hashtext(parent));
    FOR day IN SELECT first + n FROM generate_series(0, days - 1) AS n LOOP
        child := parent || '_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass(format('%I', child)) IS NOT NULL;
        lower_bound := day::TIMESTAMP AT TIME ZONE 'UTC';
        upper_bound := (day + 1)::TIMESTAMP AT TIME ZONE 'UTC';
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE "at" >= %L AND "at" < %L)', parent || '_default', lower_bound, upper_bound)
            INTO has_stray_rows;
        IF has_stray_rows THEN
            EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', parent || '_default');
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', child, parent);
            EXECUTE format('WITH moved AS (DELETE FROM %I WHERE "at" >= %L AND "at" < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
                parent || '_default', lower_bound, upper_bound, child);
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, child, lower_bound, upper_bound);
        ELSE
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L) WITH (autovacuum_vacuum_cost_limit = 2000)',
                child, parent, lower_bound, upper_bound);
        END IF;
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;
