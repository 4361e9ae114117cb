-- Workflows, their versions, runs and step runs. Runs on PostgreSQL 15 to 18.

CREATE TYPE "workflow_status" AS ENUM ('DRAFT', 'READY', 'RETIRED');
CREATE TYPE "run_status" AS ENUM ('PENDING', 'RUNNING', 'PAUSED', 'WAITING', 'COMPLETED', 'FAILED', 'CANCELLED');
CREATE TYPE "step_run_status" AS ENUM ('PENDING', 'RUNNING', 'WAITING', 'COMPLETED', 'FAILED', 'CANCELLED', 'SKIPPED');
CREATE TYPE "step_run_type" AS ENUM (
    'TASK', 'CONDITION', 'PARALLEL', 'SEQUENTIAL', 'LOOP', 'MAP', 'WAIT', 'APPROVAL', 'WEBHOOK', 'SUBWORKFLOW', 'CUSTOM', 'ITERATION');
CREATE TYPE "approval_status" AS ENUM ('OPEN', 'APPROVED', 'REFUSED', 'WITHDRAWN');

-- Definitions ----------------------------------------------------------------------------------------------------

CREATE TABLE "workflow" (
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    -- Number of the newest version.
    "latest" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT,
    CONSTRAINT "workflow_pkey" PRIMARY KEY ("tenant", "id"),
    CONSTRAINT "workflow_has_versions" CHECK ("latest" >= 0)
);
CREATE UNIQUE INDEX "workflow_name_idx" ON "workflow"("tenant", "name");

-- A version never changes but for its status; runs are pinned to theirs.
CREATE TABLE "workflow_version" (
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "workflow_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "status" "workflow_status" NOT NULL DEFAULT 'READY',
    -- SHA-256 of the canonical definition: the same content is the same version.
    "hash" BYTEA NOT NULL,
    "definition" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT,
    CONSTRAINT "workflow_version_pkey" PRIMARY KEY ("tenant", "workflow_id", "number"),
    CONSTRAINT "workflow_version_tenant_workflow_id_fkey" FOREIGN KEY ("tenant", "workflow_id") REFERENCES "workflow"("tenant", "id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "workflow_version_is_numbered" CHECK ("number" >= 1),
    CONSTRAINT "workflow_version_hash_is_sha256" CHECK (length("hash") = 32)
);
CREATE UNIQUE INDEX "workflow_version_hash_idx" ON "workflow_version"("tenant", "workflow_id", "hash");

CREATE FUNCTION "keep_workflow_version"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'workflow_version_never_changes',
        MESSAGE = format('Version %s of the workflow %s never changes', OLD."number", OLD."workflow_id"),
        HINT = 'Make a new version.';
END $$;
CREATE TRIGGER "workflow_version_never_changes" BEFORE UPDATE OF "definition", "hash" ON "workflow_version"
    FOR EACH ROW WHEN (OLD."definition" <> NEW."definition" OR OLD."hash" <> NEW."hash") EXECUTE FUNCTION "keep_workflow_version"();

-- Runs -----------------------------------------------------------------------------------------------------------

CREATE TABLE "workflow_run" (
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "id" UUID NOT NULL,
    "workflow_id" UUID NOT NULL,
    "workflow_version" INTEGER NOT NULL,
    "status" "run_status" NOT NULL DEFAULT 'PENDING',
    -- From 1; goes up with each retry by hand.
    "attempt" INTEGER NOT NULL DEFAULT 1,
    "is_paused" BOOLEAN NOT NULL DEFAULT false,
    "input" JSONB,
    "output" JSONB,
    "error" JSONB,
    -- What it is on its way to, once all that is open has stopped.
    "ending" JSONB,
    -- Steps of the outermost scope that have ended.
    "ended" INTEGER NOT NULL DEFAULT 0,
    "undone_to" INTEGER,
    -- Completions so far of steps that can be undone.
    "completions" INTEGER NOT NULL DEFAULT 0,
    -- Number of its last event; goes up at every change, so that it is the run's version as well.
    "seq" INTEGER NOT NULL DEFAULT 0,
    -- Who shares a limit of runs, when the definition has one.
    "concurrency_key" TEXT,
    -- Whether it may go on as far as that limit is concerned: what is counted against it.
    "has_turn" BOOLEAN NOT NULL DEFAULT true,
    "parent_run_id" UUID,
    "parent_path" TEXT,
    "forked_from_id" UUID,
    -- What started it, beside a person: `{ "kind": "SCHEDULE", ... }`.
    "trigger" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "timeout_at" TIMESTAMPTZ(3),
    "wake_at" TIMESTAMPTZ(3),
    CONSTRAINT "workflow_run_pkey" PRIMARY KEY ("tenant", "id"),
    CONSTRAINT "workflow_run_version_fkey" FOREIGN KEY ("tenant", "workflow_id", "workflow_version") REFERENCES "workflow_version"("tenant", "workflow_id", "number") ON DELETE NO ACTION ON UPDATE CASCADE,
    CONSTRAINT "workflow_run_finished_has_a_time" CHECK (("status" IN ('COMPLETED', 'FAILED', 'CANCELLED')) = ("finished_at" IS NOT NULL)),
    CONSTRAINT "workflow_run_failed_has_an_error" CHECK ("status" <> 'FAILED' OR "error" IS NOT NULL),
    CONSTRAINT "workflow_run_output_only_when_completed" CHECK ("output" IS NULL OR "status" = 'COMPLETED'),
    CONSTRAINT "workflow_run_finished_never_wakes" CHECK ("finished_at" IS NULL OR "wake_at" IS NULL),
    CONSTRAINT "workflow_run_parent_is_a_step" CHECK (("parent_run_id" IS NULL) = ("parent_path" IS NULL)),
    CONSTRAINT "workflow_run_waits_its_turn" CHECK ("has_turn" OR "status" IN ('PENDING', 'CANCELLED')),
    CONSTRAINT "workflow_run_counts_are_sound" CHECK ("attempt" >= 1 AND "ended" >= 0 AND "completions" >= 0 AND "seq" >= 0)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_limit = 2000);
-- What the clock moves next: a waiting run costs nothing but its rows.
CREATE INDEX "workflow_run_wake_idx" ON "workflow_run"("wake_at") WHERE "wake_at" IS NOT NULL;
CREATE INDEX "workflow_run_status_idx" ON "workflow_run"("tenant", "status", "id") WHERE "status" <> 'COMPLETED';
CREATE INDEX "workflow_run_workflow_idx" ON "workflow_run"("tenant", "workflow_id", "id");
CREATE INDEX "workflow_run_finished_idx" ON "workflow_run"("tenant", "finished_at", "id") WHERE "finished_at" IS NOT NULL;
CREATE INDEX "workflow_run_parent_idx" ON "workflow_run"("tenant", "parent_run_id", "id") WHERE "parent_run_id" IS NOT NULL;
-- Who has room and who waits for it, of the runs that share a limit.
CREATE INDEX "workflow_run_turn_idx" ON "workflow_run"("tenant", "workflow_id", "concurrency_key", "has_turn", "id")
    WHERE "concurrency_key" IS NOT NULL AND "finished_at" IS NULL;

-- Step runs, and the iterations of loops. A step that was never reached has no row.
CREATE TABLE "step_run" (
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "run_id" UUID NOT NULL,
    "path" TEXT NOT NULL,
    "step_id" TEXT NOT NULL,
    "type" "step_run_type" NOT NULL,
    -- Path of what is told of its end; the run's is empty.
    "holder" TEXT NOT NULL,
    "status" "step_run_status" NOT NULL,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "index" INTEGER,
    "is_reopened" BOOLEAN NOT NULL DEFAULT false,
    "waiting_on" INTEGER NOT NULL DEFAULT 0,
    "is_chosen" BOOLEAN NOT NULL DEFAULT false,
    "ending" JSONB,
    "ended" INTEGER NOT NULL DEFAULT 0,
    "undone_to" INTEGER,
    "total" INTEGER,
    "next" INTEGER NOT NULL DEFAULT 0,
    "completed" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    -- uuid of the task, child run, wait or approval whose answer it awaits.
    "awaited_id" UUID,
    "wait_key" TEXT,
    "decisions" JSONB,
    "is_called_back" BOOLEAN NOT NULL DEFAULT false,
    "wait_until" TIMESTAMPTZ(3),
    "retry_at" TIMESTAMPTZ(3),
    "failures" INTEGER NOT NULL DEFAULT 0,
    "timeout_at" TIMESTAMPTZ(3),
    "input" JSONB,
    "output" JSONB,
    "error" JSONB,
    "completion" INTEGER,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    CONSTRAINT "step_run_pkey" PRIMARY KEY ("tenant", "run_id", "path"),
    CONSTRAINT "step_run_tenant_run_id_fkey" FOREIGN KEY ("tenant", "run_id") REFERENCES "workflow_run"("tenant", "id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "step_run_finished_has_a_time" CHECK (("status" IN ('COMPLETED', 'FAILED', 'CANCELLED', 'SKIPPED')) = ("finished_at" IS NOT NULL)),
    CONSTRAINT "step_run_failed_has_an_error" CHECK ("status" <> 'FAILED' OR "error" IS NOT NULL),
    CONSTRAINT "step_run_iteration_has_a_number" CHECK ("type" <> 'ITERATION' OR "index" >= 0),
    CONSTRAINT "step_run_counts_are_sound" CHECK (
        "attempt" >= 0 AND "waiting_on" >= 0 AND "ended" >= 0 AND "next" >= 0 AND "completed" >= 0 AND "failed" >= 0 AND "failures" >= 0)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_limit = 2000);
-- What a run's next step is decided on: what has not ended. What has ended costs nothing more.
CREATE INDEX "step_run_open_idx" ON "step_run"("tenant", "run_id") WHERE "finished_at" IS NULL;
-- Iterations in order, for the list of their outputs.
CREATE INDEX "step_run_iteration_idx" ON "step_run"("tenant", "run_id", "holder", "index") WHERE "type" = 'ITERATION';
-- What can be undone, the latest first.
CREATE INDEX "step_run_completion_idx" ON "step_run"("tenant", "run_id", "completion") WHERE "completion" IS NOT NULL;
-- Which step a task or a child run belongs to.
CREATE INDEX "step_run_awaited_idx" ON "step_run"("tenant", "awaited_id") WHERE "awaited_id" IS NOT NULL;

-- Elements of the lists that MAPs go through, until the run is deleted.
CREATE TABLE "map_item" (
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "run_id" UUID NOT NULL,
    "path" TEXT NOT NULL,
    "index" INTEGER NOT NULL,
    "value" JSONB NOT NULL,
    CONSTRAINT "map_item_pkey" PRIMARY KEY ("tenant", "run_id", "path", "index"),
    CONSTRAINT "map_item_tenant_run_id_fkey" FOREIGN KEY ("tenant", "run_id") REFERENCES "workflow_run"("tenant", "id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- What has happened for runs and is not taken in yet, written in the transaction in which it happened; whoever steps the run deletes it in his.
CREATE TABLE "run_inbox" (
    "id" BIGINT GENERATED ALWAYS AS IDENTITY (CACHE 1),
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "run_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "path" TEXT,
    -- What the step awaits: answers to anything else change nothing.
    "awaited_id" UUID,
    "body" JSONB,
    CONSTRAINT "run_inbox_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "run_inbox_kind_is_known" CHECK ("kind" IN ('start', 'task', 'end', 'event', 'callback', 'decide', 'cancel', 'pause', 'resume', 'retry')),
    CONSTRAINT "run_inbox_answers_a_step" CHECK (("path" IS NULL) = ("awaited_id" IS NULL))
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_limit = 2000);
CREATE INDEX "run_inbox_run_idx" ON "run_inbox"("tenant", "run_id", "id");

-- Which steps wait for an event with a key. A row is deleted when its step waits no more.
CREATE TABLE "step_wait" (
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "run_id" UUID NOT NULL,
    "path" TEXT NOT NULL,
    CONSTRAINT "step_wait_pkey" PRIMARY KEY ("tenant", "id"),
    CONSTRAINT "step_wait_tenant_run_id_fkey" FOREIGN KEY ("tenant", "run_id") REFERENCES "workflow_run"("tenant", "id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "step_wait_key_is_short" CHECK (length("key") BETWEEN 1 AND 500)
);
CREATE INDEX "step_wait_key_idx" ON "step_wait"("tenant", "key");
CREATE INDEX "step_wait_run_idx" ON "step_wait"("tenant", "run_id");

-- Steps of runs that an event was told to; whether it is the one that a step waits for, its run sees.
ALTER TABLE "received_event" ADD COLUMN "told_steps" INTEGER NOT NULL DEFAULT 0;

-- Whom an APPROVAL asks; its id is what the step awaits.
CREATE TABLE "approval" (
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "id" UUID NOT NULL,
    "run_id" UUID NOT NULL,
    "path" TEXT NOT NULL,
    "status" "approval_status" NOT NULL DEFAULT 'OPEN',
    "message" TEXT NOT NULL,
    "principals" TEXT[] NOT NULL,
    "role" "role",
    "need" INTEGER NOT NULL DEFAULT 1,
    "form" JSONB,
    "asked_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "settled_at" TIMESTAMPTZ(3),
    CONSTRAINT "approval_pkey" PRIMARY KEY ("tenant", "id"),
    CONSTRAINT "approval_tenant_run_id_fkey" FOREIGN KEY ("tenant", "run_id") REFERENCES "workflow_run"("tenant", "id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "approval_open_is_not_settled" CHECK (("status" = 'OPEN') = ("settled_at" IS NULL)),
    CONSTRAINT "approval_asks_somebody" CHECK ("need" >= 1 AND ("role" IS NOT NULL OR cardinality("principals") > 0))
);
CREATE INDEX "approval_run_idx" ON "approval"("tenant", "run_id", "id");
CREATE INDEX "approval_open_idx" ON "approval"("tenant", "id") WHERE "status" = 'OPEN';

-- Tasks of runs, and events of runs -------------------------------------------------------------------------------

-- No foreign key: a run is kept longer or shorter than its tasks, by rules of their own.
ALTER TABLE "task"
    ADD COLUMN "run_id" UUID,
    ADD COLUMN "step_path" TEXT,
    ADD CONSTRAINT "task_of_a_run_is_of_a_step" CHECK (("run_id" IS NULL) = ("step_path" IS NULL));
CREATE INDEX "task_run_idx" ON "task"("tenant", "run_id", "id") WHERE "run_id" IS NOT NULL;

-- Whatever ends a task of a run, in whichever way, tells the run in the same transaction.
CREATE FUNCTION "tell_run_of_task"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO "run_inbox" ("tenant", "run_id", "kind", "path", "awaited_id") VALUES (NEW."tenant", NEW."run_id", 'task', NEW."step_path", NEW."id");
    RETURN NULL;
END $$;
CREATE TRIGGER "task_end_reaches_its_run" AFTER UPDATE OF "status" ON "task" FOR EACH ROW
    WHEN (NEW."run_id" IS NOT NULL AND NEW."finished_at" IS NOT NULL AND OLD."finished_at" IS NULL) EXECUTE FUNCTION "tell_run_of_task"();

ALTER TABLE "event" ADD COLUMN "run_id" UUID;
-- One run's history, by its own numbers.
CREATE INDEX "event_run_idx" ON "event"("tenant", "run_id", "version") WHERE "run_id" IS NOT NULL;
