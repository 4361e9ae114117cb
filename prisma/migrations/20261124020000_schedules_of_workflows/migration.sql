-- Schedules that start runs of workflows. Runs on PostgreSQL 15 to 18.

ALTER TABLE "schedule"
    ALTER COLUMN "task" DROP NOT NULL,
    ALTER COLUMN "task_type" DROP NOT NULL,
    ADD COLUMN "workflow" JSONB,
    ADD COLUMN "workflow_name" TEXT,
    ADD CONSTRAINT "schedule_starts_one_thing" CHECK (num_nonnulls("task", "workflow") = 1),
    ADD CONSTRAINT "schedule_names_what_it_starts" CHECK (
        ("task" IS NULL) = ("task_type" IS NULL) AND ("workflow" IS NULL) = ("workflow_name" IS NULL));
CREATE INDEX "schedule_workflow_idx" ON "schedule"("tenant", "workflow_name", "id") WHERE "deleted_at" IS NULL;

ALTER TABLE "schedule_fire"
    ADD COLUMN "run_id" UUID,
    DROP CONSTRAINT "schedule_fire_started_has_a_task",
    ADD CONSTRAINT "schedule_fire_started_one_thing" CHECK (
        num_nonnulls("task_id", "run_id") = CASE WHEN "status" = 'STARTED' THEN 1 ELSE 0 END);
CREATE UNIQUE INDEX "schedule_fire_run_idx" ON "schedule_fire"("tenant", "run_id") WHERE "run_id" IS NOT NULL;

ALTER TABLE "workflow_run"
    ADD COLUMN "schedule_id" UUID,
    ADD COLUMN "backfill_id" UUID,
    ADD CONSTRAINT "workflow_run_tenant_schedule_id_fkey" FOREIGN KEY ("tenant", "schedule_id") REFERENCES "schedule"("tenant", "id") ON DELETE NO ACTION ON UPDATE CASCADE,
    ADD CONSTRAINT "workflow_run_backfill_is_of_a_schedule" CHECK ("backfill_id" IS NULL OR "schedule_id" IS NOT NULL);
CREATE INDEX "workflow_run_schedule_idx" ON "workflow_run"("tenant", "schedule_id", "id") WHERE "schedule_id" IS NOT NULL;
-- What still runs of a schedule, and of a backfill.
CREATE INDEX "workflow_run_of_schedule_idx" ON "workflow_run"("tenant", "schedule_id", "id")
    WHERE "schedule_id" IS NOT NULL AND "backfill_id" IS NULL AND "finished_at" IS NULL;
CREATE INDEX "workflow_run_of_backfill_idx" ON "workflow_run"("tenant", "backfill_id", "id")
    WHERE "backfill_id" IS NOT NULL AND "finished_at" IS NULL;
