-- Steps of wide runs: those that wait for room stand in queues, and the task of a step is found by an index. Runs on PostgreSQL 15 to 18.

-- Place in its holder's queue for room in the run: a thousand steps that wait cost a call nothing but the first of them.
ALTER TABLE "step_run"
    ADD COLUMN "turn" INTEGER,
    ADD CONSTRAINT "step_run_turn_waits" CHECK ("turn" IS NULL OR ("status" = 'PENDING' AND "waiting_on" = 0));
DROP INDEX "step_run_open_idx";
CREATE INDEX "step_run_open_idx" ON "step_run"("tenant", "run_id") WHERE "finished_at" IS NULL AND "turn" IS NULL;
CREATE INDEX "step_run_turn_idx" ON "step_run"("tenant", "run_id", "holder", "turn") WHERE "turn" IS NOT NULL;

-- The latest task of a step: a MAP of 10,000 elements has as many tasks.
CREATE INDEX "task_step_idx" ON "task"("tenant", "run_id", "step_path", "id") WHERE "run_id" IS NOT NULL;
