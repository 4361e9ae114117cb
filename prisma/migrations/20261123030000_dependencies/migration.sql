-- Conditions on dependencies, cascades in batches, tasks that stand for a key, and enqueueing from a user's own transaction.

-- Conditions -----------------------------------------------------------------------------------------------------

ALTER TYPE "dependency_kind" ADD VALUE 'CONDITIONAL';

ALTER TABLE "task_dependency"
    ADD COLUMN "condition" TEXT,
    -- As text: a value of an enum cannot be used in the transaction that adds it.
    ADD CONSTRAINT "task_dependency_conditional_has_a_condition" CHECK (("kind"::TEXT = 'CONDITIONAL') = ("condition" IS NOT NULL));

-- Cascades -------------------------------------------------------------------------------------------------------

-- Tasks that have ended while some that depend on them have not been told: the rest of a cascade that is too long for one
-- transaction. Written in the transaction of the end, taken up by any scheduler.
CREATE TABLE "unsettled_task" (
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "task_id" UUID NOT NULL,
    CONSTRAINT "unsettled_task_pkey" PRIMARY KEY ("tenant", "task_id"),
    CONSTRAINT "unsettled_task_tenant_task_id_fkey" FOREIGN KEY ("tenant", "task_id") REFERENCES "task"("tenant", "id") ON DELETE CASCADE ON UPDATE CASCADE
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- Tasks that stand for a key -------------------------------------------------------------------------------------

CREATE TYPE "unique_mode" AS ENUM ('SINGLETON', 'THROTTLE', 'DEBOUNCE');

-- Which task answers for a key of its type. Whoever asks with that key holds the row until its transaction ends, so that of
-- rivals one makes the task and the others are answered with it.
CREATE TABLE "task_unique_key" (
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "type" TEXT NOT NULL,
    "mode" "unique_mode" NOT NULL,
    "key" TEXT NOT NULL,
    "task_id" UUID NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT "task_unique_key_pkey" PRIMARY KEY ("tenant", "type", "mode", "key"),
    -- Deferred: the key is taken before the task is made.
    CONSTRAINT "task_unique_key_tenant_task_id_fkey" FOREIGN KEY ("tenant", "task_id") REFERENCES "task"("tenant", "id")
        ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED
) WITH (fillfactor = 85);
CREATE INDEX "task_unique_key_task_idx" ON "task_unique_key"("tenant", "task_id");
