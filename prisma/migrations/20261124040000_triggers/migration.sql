-- Triggers: events from outside that start tasks and runs of workflows. Runs on PostgreSQL 15 to 18.

CREATE TYPE "trigger_status" AS ENUM ('ACTIVE', 'PAUSED');
CREATE TYPE "firing_cause" AS ENUM ('EVENT', 'HAND');
CREATE TYPE "firing_status" AS ENUM ('PENDING', 'STARTED', 'SKIPPED', 'FAILED');

CREATE TABLE "trigger" (
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT,
    "status" "trigger_status" NOT NULL DEFAULT 'ACTIVE',
    "version" INTEGER NOT NULL DEFAULT 1,
    -- The whole key of the events that it takes, or how their keys begin.
    "key" TEXT,
    "key_prefix" TEXT,
    -- CEL over the event; null takes any with the key.
    "condition" TEXT,
    "task" JSONB,
    "task_type" TEXT,
    "workflow" JSONB,
    "workflow_name" TEXT,
    "cool_down_ms" BIGINT NOT NULL DEFAULT 0,
    "max_per_hour" INTEGER NOT NULL,
    "max_per_day" INTEGER NOT NULL,
    -- How many it has started of late, by stretches of time: src/trigger/starts.ts.
    "starts" JSONB NOT NULL DEFAULT '{"hour":[],"day":[]}',
    "last_started_at" TIMESTAMPTZ(3),
    "started" INTEGER NOT NULL DEFAULT 0,
    "skipped" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT,
    "deleted_at" TIMESTAMPTZ(3),
    CONSTRAINT "trigger_pkey" PRIMARY KEY ("tenant", "id"),
    CONSTRAINT "trigger_takes_events_one_way" CHECK (num_nonnulls("key", "key_prefix") = 1),
    CONSTRAINT "trigger_key_is_short" CHECK (length("key") BETWEEN 1 AND 500 AND length("key_prefix") BETWEEN 1 AND 500),
    CONSTRAINT "trigger_starts_one_thing" CHECK (num_nonnulls("task", "workflow") = 1),
    CONSTRAINT "trigger_names_what_it_starts" CHECK (
        ("task" IS NULL) = ("task_type" IS NULL) AND ("workflow" IS NULL) = ("workflow_name" IS NULL)),
    CONSTRAINT "trigger_bounds_are_sound" CHECK (
        "version" >= 1 AND "cool_down_ms" >= 0 AND "max_per_hour" >= 1 AND "max_per_day" >= 1),
    CONSTRAINT "trigger_counts_are_sound" CHECK ("started" >= 0 AND "skipped" >= 0 AND "failed" >= 0)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
-- What an event looks through: its cost follows the triggers that take it, not how many there are.
CREATE INDEX "trigger_key_idx" ON "trigger"("tenant", "key")
    WHERE "key" IS NOT NULL AND "status" = 'ACTIVE' AND "deleted_at" IS NULL;
CREATE INDEX "trigger_key_prefix_idx" ON "trigger"("tenant", "key_prefix")
    WHERE "key_prefix" IS NOT NULL AND "status" = 'ACTIVE' AND "deleted_at" IS NULL;
CREATE INDEX "trigger_status_idx" ON "trigger"("tenant", "status", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "trigger_name_idx" ON "trigger"("tenant", "name", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "trigger_task_type_idx" ON "trigger"("tenant", "task_type", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "trigger_workflow_idx" ON "trigger"("tenant", "workflow_name", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "trigger_deleted_idx" ON "trigger"("deleted_at") WHERE "deleted_at" IS NOT NULL;

-- One trigger and one event, and what came of it. It is written as PENDING with the event, and settled by a scheduler under the trigger's lock.
CREATE TABLE "trigger_firing" (
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "id" UUID NOT NULL,
    "trigger_id" UUID NOT NULL,
    "cause" "firing_cause" NOT NULL,
    -- May be gone once the firing is settled.
    "event_id" UUID,
    -- The event that somebody made up, for a firing by hand.
    "example" JSONB,
    "status" "firing_status" NOT NULL,
    "task_id" UUID,
    "run_id" UUID,
    "reason" TEXT,
    "error" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "fired_at" TIMESTAMPTZ(3),
    CONSTRAINT "trigger_firing_pkey" PRIMARY KEY ("tenant", "id"),
    CONSTRAINT "trigger_firing_tenant_trigger_id_fkey" FOREIGN KEY ("tenant", "trigger_id") REFERENCES "trigger"("tenant", "id") ON DELETE NO ACTION ON UPDATE CASCADE,
    CONSTRAINT "trigger_firing_names_its_event" CHECK (
        ("cause" = 'EVENT') = ("event_id" IS NOT NULL) AND ("cause" = 'HAND') = ("example" IS NOT NULL)),
    CONSTRAINT "trigger_firing_started_one_thing" CHECK (
        num_nonnulls("task_id", "run_id") = CASE WHEN "status" = 'STARTED' THEN 1 ELSE 0 END),
    CONSTRAINT "trigger_firing_skipped_has_a_reason" CHECK (("status" = 'SKIPPED') = ("reason" IS NOT NULL)),
    CONSTRAINT "trigger_firing_failed_has_an_error" CHECK (("status" = 'FAILED') = ("error" IS NOT NULL)),
    CONSTRAINT "trigger_firing_settled_has_a_time" CHECK (("status" = 'PENDING') = ("fired_at" IS NULL))
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05);
-- An event fires a trigger once, whoever else tries.
CREATE UNIQUE INDEX "trigger_firing_once_idx" ON "trigger_firing"("tenant", "event_id", "trigger_id") WHERE "event_id" IS NOT NULL;
-- What a scheduler has to look at; its cost follows what is pending.
CREATE INDEX "trigger_firing_pending_idx" ON "trigger_firing"("tenant", "trigger_id", "id") WHERE "status" = 'PENDING';
CREATE UNIQUE INDEX "trigger_firing_task_idx" ON "trigger_firing"("tenant", "task_id") WHERE "task_id" IS NOT NULL;
CREATE UNIQUE INDEX "trigger_firing_run_idx" ON "trigger_firing"("tenant", "run_id") WHERE "run_id" IS NOT NULL;
-- Partial, though all rows are in them, so that nobody looks through them for an id.
CREATE INDEX "trigger_firing_list_idx" ON "trigger_firing"("tenant", "trigger_id", "id") WHERE "trigger_id" IS NOT NULL;
CREATE INDEX "trigger_firing_status_idx" ON "trigger_firing"("tenant", "trigger_id", "status", "id") WHERE "trigger_id" IS NOT NULL;
CREATE INDEX "trigger_firing_fired_idx" ON "trigger_firing"("fired_at") WHERE "status" <> 'PENDING';
