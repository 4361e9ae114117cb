-- What may run at once --------------------------------------------------------------------------------------------

-- Something that tasks take slots of while they run.
CREATE TABLE "pool" (
    "tenant" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT,
    "capacity" INTEGER NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "pool_pkey" PRIMARY KEY ("tenant", "name"),
    CONSTRAINT "pool_name_is_plain" CHECK ("name" ~ '^[a-z][a-z0-9_.-]{0,99}$'),
    CONSTRAINT "pool_capacity_is_sound" CHECK ("capacity" BETWEEN 0 AND 100000)
);

-- How many tasks of one concurrency key may run at once, by pattern; the longest that fits counts, and without one 1.
CREATE TABLE "concurrency_limit" (
    "tenant" TEXT NOT NULL,
    "pattern" TEXT NOT NULL,
    "capacity" INTEGER NOT NULL,
    CONSTRAINT "concurrency_limit_pkey" PRIMARY KEY ("tenant", "pattern"),
    CONSTRAINT "concurrency_limit_capacity_is_sound" CHECK ("capacity" BETWEEN 0 AND 100000)
);

-- Slots that are taken. A task that is admitted or runs under limits owns a row for each; the key keeps two from owning one.
CREATE TABLE "limit_slot" (
    "tenant" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "slot_no" INTEGER NOT NULL,
    "task_id" UUID NOT NULL,
    CONSTRAINT "limit_slot_pkey" PRIMARY KEY ("tenant", "key", "slot_no"),
    CONSTRAINT "limit_slot_counts_from_one" CHECK ("slot_no" BETWEEN 1 AND 100000)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE INDEX "limit_slot_task_idx" ON "limit_slot"("tenant", "task_id");

-- What a task takes while it runs: [{"key": "pool:gpu", "slots": 2}, …], by key; null for nothing.
ALTER TABLE "task" ADD COLUMN "limits" JSONB;
-- The first of these that has no room for it.
ALTER TABLE "task" ADD COLUMN "blocked_on" TEXT;
ALTER TABLE "task" ADD CONSTRAINT "task_blocked_is_ready" CHECK (
    "blocked_on" IS NULL OR ("status" = 'READY' AND NOT "is_claimable" AND "order_key" IS NOT NULL AND "limits" IS NOT NULL));
CREATE INDEX "task_blocked_idx" ON "task"("tenant", "blocked_on", "generation", "order_key", "id") WHERE "blocked_on" IS NOT NULL;

-- What nobody may claim for now: one type, one queue, or (with the name '') everything.
CREATE TYPE "pause_scope" AS ENUM ('ALL', 'QUEUE', 'TYPE');
CREATE TABLE "pause" (
    "tenant" TEXT NOT NULL,
    "scope" "pause_scope" NOT NULL,
    "name" TEXT NOT NULL DEFAULT '',
    "since" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "reason" TEXT,
    "paused_by" TEXT,
    CONSTRAINT "pause_pkey" PRIMARY KEY ("tenant", "scope", "name"),
    CONSTRAINT "pause_of_all_has_no_name" CHECK (("scope" = 'ALL') = ("name" = ''))
);
