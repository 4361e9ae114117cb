-- When a worker last listed the leases it holds: what it had been leased before that and does not list now either, it never
-- learned of.
ALTER TABLE "worker" ADD COLUMN "listed_at" TIMESTAMPTZ(3);

-- What requests of workers have done, so that one that comes again because its answer was lost does nothing twice. Rows are
-- dropped after ten minutes.
CREATE TABLE "worker_request" (
    "tenant" TEXT NOT NULL DEFAULT 'default',
    "worker_id" UUID NOT NULL,
    "request_id" TEXT NOT NULL,
    -- Of a claim: [{"taskId": …, "epoch": …}, …] in the order of the claim.
    "leases" JSONB NOT NULL DEFAULT '[]',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "worker_request_pkey" PRIMARY KEY ("tenant", "worker_id", "request_id")
);
CREATE INDEX "worker_request_created_at_idx" ON "worker_request"("created_at");
