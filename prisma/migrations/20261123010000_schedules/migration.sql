-- Schedules, their fires and backfills; deadlines that were missed. Runs on PostgreSQL 15 to 18.

CREATE TYPE "schedule_status" AS ENUM ('ACTIVE', 'PAUSED', 'ENDED');
CREATE TYPE "missed_policy" AS ENUM ('SKIP', 'ONCE', 'ALL');
CREATE TYPE "overlap_policy" AS ENUM ('ALLOW', 'SKIP', 'QUEUE', 'CANCEL');
CREATE TYPE "fire_cause" AS ENUM ('TIME', 'HAND', 'BACKFILL');
CREATE TYPE "fire_status" AS ENUM ('STARTED', 'QUEUED', 'SKIPPED', 'FAILED');
CREATE TYPE "backfill_status" AS ENUM ('RUNNING', 'COMPLETED', 'CANCELLED');

CREATE TABLE "schedule" (
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT,
    "status" "schedule_status" NOT NULL DEFAULT 'ACTIVE',
    "version" INTEGER NOT NULL DEFAULT 1,
    "timing" JSONB NOT NULL,
    "jitter_ms" BIGINT NOT NULL DEFAULT 0,
    "missed_policy" "missed_policy" NOT NULL DEFAULT 'ONCE',
    "missed_cap" INTEGER NOT NULL DEFAULT 100,
    "overlap_policy" "overlap_policy" NOT NULL DEFAULT 'SKIP',
    "task" JSONB NOT NULL,
    "task_type" TEXT NOT NULL,
    "next_fire_at" TIMESTAMPTZ(3),
    "wake_at" TIMESTAMPTZ(3),
    "queued" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT,
    "deleted_at" TIMESTAMPTZ(3),
    CONSTRAINT "schedule_pkey" PRIMARY KEY ("tenant", "id"),
    CONSTRAINT "schedule_counts_are_sound" CHECK (
        "version" >= 1 AND "queued" >= 0 AND "missed_cap" BETWEEN 1 AND 1000 AND "jitter_ms" >= 0),
    CONSTRAINT "schedule_active_fires_next" CHECK ("deleted_at" IS NOT NULL OR ("status" = 'ACTIVE') = ("next_fire_at" IS NOT NULL)),
    CONSTRAINT "schedule_active_wakes" CHECK ("next_fire_at" IS NULL OR "wake_at" IS NOT NULL),
    CONSTRAINT "schedule_at_rest_never_wakes" CHECK (
        ("status" <> 'PAUSED' AND "deleted_at" IS NULL) OR ("wake_at" IS NULL AND "next_fire_at" IS NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
-- What a scheduler has to look at now; its cost follows what is due, not how many schedules there are.
CREATE INDEX "schedule_wake_idx" ON "schedule"("wake_at") WHERE "wake_at" IS NOT NULL;
CREATE INDEX "schedule_status_idx" ON "schedule"("tenant", "status", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "schedule_name_idx" ON "schedule"("tenant", "name", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "schedule_task_type_idx" ON "schedule"("tenant", "task_type", "id") WHERE "deleted_at" IS NULL;

CREATE TABLE "backfill" (
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "id" UUID NOT NULL,
    "schedule_id" UUID NOT NULL,
    "status" "backfill_status" NOT NULL DEFAULT 'RUNNING',
    "from_at" TIMESTAMPTZ(3) NOT NULL,
    "until_at" TIMESTAMPTZ(3) NOT NULL,
    "timing" JSONB NOT NULL,
    "max_at_once" INTEGER NOT NULL DEFAULT 1,
    -- All due times up to and including this one have been seen to.
    "reached_at" TIMESTAMPTZ(3) NOT NULL,
    "total" INTEGER NOT NULL,
    "started" INTEGER NOT NULL DEFAULT 0,
    "skipped" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "running" INTEGER NOT NULL DEFAULT 0,
    "wake_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT,
    "finished_at" TIMESTAMPTZ(3),
    CONSTRAINT "backfill_pkey" PRIMARY KEY ("tenant", "id"),
    CONSTRAINT "backfill_tenant_schedule_id_fkey" FOREIGN KEY ("tenant", "schedule_id") REFERENCES "schedule"("tenant", "id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "backfill_range_is_sound" CHECK ("from_at" <= "until_at" AND "reached_at" <= "until_at"),
    CONSTRAINT "backfill_counts_are_sound" CHECK (
        "max_at_once" BETWEEN 1 AND 1000 AND "total" >= 0 AND "started" >= 0 AND "skipped" >= 0 AND "failed" >= 0
        AND "running" BETWEEN 0 AND "started" AND "started" + "skipped" + "failed" <= "total"),
    CONSTRAINT "backfill_running_wakes" CHECK (("status" = 'RUNNING') = ("wake_at" IS NOT NULL)),
    CONSTRAINT "backfill_ended_has_a_time" CHECK (("status" = 'RUNNING') = ("finished_at" IS NULL))
);
CREATE INDEX "backfill_wake_idx" ON "backfill"("wake_at") WHERE "wake_at" IS NOT NULL;
CREATE INDEX "backfill_tenant_schedule_id_id_idx" ON "backfill"("tenant", "schedule_id", "id");

CREATE TABLE "schedule_fire" (
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "id" UUID NOT NULL,
    "schedule_id" UUID NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "cause" "fire_cause" NOT NULL,
    "status" "fire_status" NOT NULL,
    "task_id" UUID,
    "backfill_id" UUID,
    "reason" TEXT,
    "error" JSONB,
    "fired_at" TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT "schedule_fire_pkey" PRIMARY KEY ("tenant", "id"),
    CONSTRAINT "schedule_fire_tenant_schedule_id_fkey" FOREIGN KEY ("tenant", "schedule_id") REFERENCES "schedule"("tenant", "id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "schedule_fire_tenant_backfill_id_fkey" FOREIGN KEY ("tenant", "backfill_id") REFERENCES "backfill"("tenant", "id") ON DELETE NO ACTION ON UPDATE CASCADE,
    CONSTRAINT "schedule_fire_started_has_a_task" CHECK (("status" = 'STARTED') = ("task_id" IS NOT NULL)),
    CONSTRAINT "schedule_fire_failed_has_an_error" CHECK (("status" = 'FAILED') = ("error" IS NOT NULL)),
    CONSTRAINT "schedule_fire_backfill_is_named" CHECK (("cause" = 'BACKFILL') = ("backfill_id" IS NOT NULL))
) WITH (fillfactor = 85);
-- Exactly one fire per due time, whoever else tries: other schedulers, a scheduler that comes back, a backfill.
CREATE UNIQUE INDEX "schedule_fire_once_idx" ON "schedule_fire"("tenant", "schedule_id", "due_at") WHERE "cause" <> 'HAND';
CREATE UNIQUE INDEX "schedule_fire_task_idx" ON "schedule_fire"("tenant", "task_id") WHERE "task_id" IS NOT NULL;
CREATE INDEX "schedule_fire_queue_idx" ON "schedule_fire"("tenant", "schedule_id", "due_at") WHERE "status" = 'QUEUED';
CREATE INDEX "schedule_fire_tenant_schedule_id_id_idx" ON "schedule_fire"("tenant", "schedule_id", "id");
CREATE INDEX "schedule_fire_backfill_idx" ON "schedule_fire"("tenant", "backfill_id", "id") WHERE "backfill_id" IS NOT NULL;

-- Tasks that schedules start, and deadlines -----------------------------------------------------------------------

ALTER TABLE "task"
    ADD COLUMN "schedule_id" UUID,
    ADD COLUMN "backfill_id" UUID,
    ADD COLUMN "deadline_missed_at" TIMESTAMPTZ(3),
    ADD CONSTRAINT "task_tenant_schedule_id_fkey" FOREIGN KEY ("tenant", "schedule_id") REFERENCES "schedule"("tenant", "id") ON DELETE NO ACTION ON UPDATE CASCADE,
    ADD CONSTRAINT "task_missed_a_deadline" CHECK ("deadline_missed_at" IS NULL OR "deadline" IS NOT NULL);
CREATE INDEX "task_schedule_idx" ON "task"("tenant", "schedule_id", "id") WHERE "schedule_id" IS NOT NULL;
-- What still runs of a schedule, and of a backfill.
CREATE INDEX "task_of_schedule_idx" ON "task"("tenant", "schedule_id", "id") WHERE "schedule_id" IS NOT NULL AND "backfill_id" IS NULL AND "finished_at" IS NULL;
CREATE INDEX "task_of_backfill_idx" ON "task"("tenant", "backfill_id", "id") WHERE "backfill_id" IS NOT NULL AND "finished_at" IS NULL;
-- Deadlines that the clock watches; a task leaves it when it ends or is flagged.
CREATE INDEX "task_deadline_watch_idx" ON "task"("deadline") WHERE "deadline" IS NOT NULL AND "deadline_missed_at" IS NULL AND "finished_at" IS NULL;
CREATE INDEX "task_overdue_idx" ON "task"("tenant", "id") WHERE "deadline_missed_at" IS NOT NULL;

-- Events of schedules -----------------------------------------------------------------------------------------------

ALTER TABLE "event" ADD COLUMN "schedule_id" UUID;
CREATE INDEX "event_schedule_idx" ON "event"("tenant", "schedule_id", "id") WHERE "schedule_id" IS NOT NULL;
