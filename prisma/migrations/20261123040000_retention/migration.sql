-- Retention by rule: task logs have a start of their own, since they may be kept for another time than events.

ALTER TABLE "event_log"
    ADD COLUMN "lines_dropped_incarnation" INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN "lines_dropped_xid" xid8 NOT NULL DEFAULT '0',
    ADD COLUMN "lines_dropped_id" BIGINT NOT NULL DEFAULT 0;

-- So far both went by the same days. Which lines went was not counted: any of those there have been.
UPDATE "event_log" SET
    "lines_dropped_incarnation" = "dropped_incarnation",
    "lines_dropped_xid" = "dropped_xid",
    "lines_dropped_id" = CASE WHEN "dropped_id" > 0 THEN (SELECT "last_value" FROM "task_log_id_seq") ELSE 0 END;

-- Workers that have ended, by when: there is one more at each start of a process.
CREATE INDEX "worker_stopped_idx" ON "worker"("stopped_at") WHERE "stopped_at" IS NOT NULL;

-- What schedules did, and schedules that were deleted, go when nothing points at them any more.
CREATE INDEX "schedule_fire_fired_idx" ON "schedule_fire"("fired_at") WHERE "status" <> 'QUEUED';
CREATE INDEX "backfill_finished_idx" ON "backfill"("finished_at") WHERE "finished_at" IS NOT NULL;
CREATE INDEX "schedule_deleted_idx" ON "schedule"("deleted_at") WHERE "deleted_at" IS NOT NULL;
