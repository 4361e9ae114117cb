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
