-- The queues that a worker takes tasks from.
ALTER TABLE "worker"
    ADD COLUMN "queues" TEXT[] NOT NULL DEFAULT '{default}',
    ADD CONSTRAINT "worker_serves_a_queue" CHECK (cardinality("queues") > 0);
