-- What a worker must have free, and which it had better be -----------------------------------------------------------

-- What a worker has: {"cpuCores": 8, "memoryMb": 16384, "license": 2}; what is absent it has not.
ALTER TABLE "worker" ADD COLUMN "resources" JSONB NOT NULL DEFAULT '{}';
ALTER TABLE "worker" ADD CONSTRAINT "worker_resources_are_an_object" CHECK (jsonb_typeof("resources") = 'object');

-- The key of a placement is its selector, and what else tells it from others: src/task/placement.ts.
ALTER TABLE "placement" RENAME COLUMN "selector" TO "key";
-- What each of its tasks counts as, by name as in "worker"."resources"; null for nothing.
ALTER TABLE "placement" ADD COLUMN "resources" JSONB;
-- {"terms": [{"weight": 10, "requirements": […]}, …], "graceMs": 5000}; null for none.
ALTER TABLE "placement" ADD COLUMN "preferences" JSONB;

ALTER TABLE "placement" ADD COLUMN "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
-- Whether any task has a placement: one that none has is dropped in time.
CREATE INDEX "task_placement_idx" ON "task"("tenant", "placement") WHERE "placement" <> '';

-- What it would rather have: {"workers": [{"selector": "ssd", "weight": 10}, …], "graceMs": 5000}.
ALTER TABLE "task" ADD COLUMN "preferences" JSONB;

-- What a worker holds of each placement. Tasks that run anywhere are not in it and cost it nothing.
CREATE INDEX "task_held_idx" ON "task"("tenant", "worker_id", "placement") WHERE "worker_id" IS NOT NULL AND "placement" <> '';

-- Whether there is as much of everything as is asked.
CREATE FUNCTION "has_room"("free" JSONB, "asked" JSONB) RETURNS BOOLEAN LANGUAGE sql IMMUTABLE AS $$
    SELECT NOT EXISTS (
        SELECT FROM jsonb_each_text("asked") AS a WHERE coalesce(("free" ->> a.key)::float8, 0) < a.value::float8)
$$;

-- The sum of the weights of the preferences that a worker with these labels meets.
CREATE FUNCTION "preference_score"("labels" JSONB, "preferences" JSONB) RETURNS INTEGER LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(sum(p."weight"), 0)::int FROM jsonb_to_recordset("preferences" -> 'terms') AS p("weight" INTEGER, "requirements" JSONB)
    WHERE meets_requirements("labels", p."requirements")
$$;

-- Whether a worker may take tasks: it is on duty and has given a sign of life within its lease.
CREATE FUNCTION "may_claim"("w" "worker") RETURNS BOOLEAN LANGUAGE sql STABLE AS $$
    SELECT w."state" = 'ACTIVE' AND w."heartbeat_at" > now() - w."lease_ms" * interval '1 millisecond'
$$;
