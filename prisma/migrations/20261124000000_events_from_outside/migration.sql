-- Events from outside, and who waits for them. Runs on PostgreSQL 15 to 18.

CREATE TYPE "wait_outcome" AS ENUM ('ANSWERED', 'TIMED_OUT', 'CANCELLED');

CREATE TABLE "received_event" (
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "payload" JSONB NOT NULL,
    -- The sender's own id: the same twice is one event, as long as the first is kept.
    "dedup_id" TEXT,
    "sender" TEXT,
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    -- What came of it when it was sent, for the sender who asks again.
    "woken" INTEGER NOT NULL DEFAULT 0,
    "failed_conditions" INTEGER NOT NULL DEFAULT 0,
    "condition_errors" JSONB NOT NULL DEFAULT '[]',
    -- The last wait that was looked at, while more are left; others go on from there.
    "woken_up_to" UUID,
    CONSTRAINT "received_event_pkey" PRIMARY KEY ("tenant", "id"),
    CONSTRAINT "received_event_counts_are_sound" CHECK ("woken" >= 0 AND "failed_conditions" >= 0),
    CONSTRAINT "received_event_key_is_short" CHECK (length("key") BETWEEN 1 AND 500 AND length("dedup_id") BETWEEN 1 AND 500)
);
CREATE UNIQUE INDEX "received_event_dedup_idx" ON "received_event"("tenant", "dedup_id") WHERE "dedup_id" IS NOT NULL;
-- What a wait that looks back may take, and the list of one key.
CREATE INDEX "received_event_key_idx" ON "received_event"("tenant", "key", "received_at", "id");
CREATE INDEX "received_event_list_idx" ON "received_event"("tenant", "received_at", "id");
CREATE INDEX "received_event_received_at_idx" ON "received_event"("received_at");
CREATE INDEX "received_event_unfinished_idx" ON "received_event"("tenant", "id") WHERE "woken_up_to" IS NOT NULL;

-- Waits for an event, the open ones and those that have ended. Its owner is a task, by the epoch of the lease that it gave up, or a step of
-- a workflow run. A wait is opened and ended in the transaction that changes its owner, under the owner's lock, and deleted with it.
CREATE TABLE "event_wait" (
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    -- CEL over the event; null takes any with the key.
    "condition" TEXT,
    "task_id" UUID,
    "epoch" INTEGER,
    "run_id" UUID,
    "step_path" TEXT,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),
    "outcome" "wait_outcome",
    "event_id" UUID,
    CONSTRAINT "event_wait_pkey" PRIMARY KEY ("tenant", "id"),
    CONSTRAINT "event_wait_has_one_owner" CHECK (
        num_nonnulls("task_id", "run_id") = 1
        AND ("task_id" IS NULL) = ("epoch" IS NULL) AND ("run_id" IS NULL) = ("step_path" IS NULL)),
    CONSTRAINT "event_wait_ended_says_how" CHECK (("ended_at" IS NULL) = ("outcome" IS NULL)),
    CONSTRAINT "event_wait_answered_names_the_event" CHECK (coalesce("outcome" = 'ANSWERED', false) = ("event_id" IS NOT NULL)),
    -- An event stays as long as the wait that it answered: a handler reads its payload whenever an attempt goes on.
    CONSTRAINT "event_wait_tenant_event_id_fkey" FOREIGN KEY ("tenant", "event_id") REFERENCES "received_event"("tenant", "id") ON DELETE NO ACTION ON UPDATE CASCADE
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
-- What an event looks through.
CREATE INDEX "event_wait_open_idx" ON "event_wait"("tenant", "key", "id") WHERE "ended_at" IS NULL;
-- An owner waits for one event at a time.
CREATE UNIQUE INDEX "event_wait_open_task_idx" ON "event_wait"("tenant", "task_id") WHERE "ended_at" IS NULL AND "task_id" IS NOT NULL;
CREATE UNIQUE INDEX "event_wait_open_step_idx" ON "event_wait"("tenant", "run_id", "step_path") WHERE "ended_at" IS NULL AND "run_id" IS NOT NULL;
-- The answers of a task, one for each lease that it gave up to wait; apart from the open ones, so that these are not looked for among them.
CREATE UNIQUE INDEX "event_wait_ended_task_idx" ON "event_wait"("tenant", "task_id", "epoch") WHERE "ended_at" IS NOT NULL AND "task_id" IS NOT NULL;
-- An event answers a task once.
CREATE UNIQUE INDEX "event_wait_event_idx" ON "event_wait"("tenant", "event_id", "task_id") WHERE "event_id" IS NOT NULL;

-- Tasks that were parked before.
INSERT INTO "event_wait" ("tenant", "id", "key", "task_id", "epoch", "since")
SELECT "tenant", gen_random_uuid(), "wait_key", "id", "epoch", "updated_at" FROM "task"
WHERE "status" IN ('WAITING', 'PAUSED') AND "wait_key" IS NOT NULL;
