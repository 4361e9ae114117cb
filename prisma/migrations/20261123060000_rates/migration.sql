-- How often tasks may start ------------------------------------------------------------------------------------------

-- Starts of tasks of a type, or of tasks with one rate key, by pattern; the longest pattern that fits a key counts, and
-- without one its tasks start as they come.
CREATE TABLE "rate_limit" (
    "tenant" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "pattern" TEXT NOT NULL,
    "tokens" INTEGER NOT NULL,
    "interval_ms" BIGINT NOT NULL,
    "burst" INTEGER NOT NULL,
    CONSTRAINT "rate_limit_pkey" PRIMARY KEY ("tenant", "scope", "pattern"),
    CONSTRAINT "rate_limit_is_of_type_or_key" CHECK ("scope" IN ('TYPE', 'KEY')),
    CONSTRAINT "rate_limit_is_sound" CHECK ("tokens" >= 1 AND "interval_ms" >= 1 AND "burst" BETWEEN 1 AND 10000)
);

-- Tokens that starts have taken out of a bucket and time has not put back; a bucket without a row is full. Written by
-- whoever holds the advisory lock of the key.
CREATE TABLE "rate_bucket" (
    "tenant" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "spent" DOUBLE PRECISION NOT NULL,
    "as_of" TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT "rate_bucket_pkey" PRIMARY KEY ("tenant", "key"),
    CONSTRAINT "rate_bucket_is_sound" CHECK ("spent" >= 0)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- Tokens that tasks were given. The next claim of the task raises its epoch: that is how the start is found, without
-- the claim having to say so. One whose task can no longer be claimed under the epoch was not used.
CREATE TABLE "rate_grant" (
    "id" BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY,
    "tenant" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "task_id" UUID NOT NULL,
    "epoch" INTEGER NOT NULL,
    "granted_at" TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT "rate_grant_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "rate_grant_once" UNIQUE ("tenant", "key", "task_id", "epoch")
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- Tasks with the same rate key share a bucket.
ALTER TABLE "task" ADD COLUMN "rate_key" TEXT;
-- For the search for tasks that may be claimed and have no token: a rate was set after they became READY.
CREATE INDEX "task_rate_idx" ON "task"("tenant", "rate_key", "id") WHERE "is_claimable" AND "rate_key" IS NOT NULL;

-- The rate of a type stands with the type, not with each of its tasks.
ALTER TABLE "task" DROP CONSTRAINT "task_blocked_is_ready";
ALTER TABLE "task" ADD CONSTRAINT "task_blocked_is_ready" CHECK (
    "blocked_on" IS NULL OR ("status" = 'READY' AND NOT "is_claimable" AND "order_key" IS NOT NULL
        AND ("limits" IS NOT NULL OR "blocked_on" = 'type:' || "type")));
