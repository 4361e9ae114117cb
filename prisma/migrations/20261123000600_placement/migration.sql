-- Where a task may run ---------------------------------------------------------------------------------------------

-- Conditions on the labels of workers that tasks have asked for, in their canonical form. Few: tasks share them.
CREATE TABLE "placement" (
    "tenant" TEXT NOT NULL,
    "selector" TEXT NOT NULL,
    -- [{"key": "region", "op": "in", "values": ["eu", "us"]}, …]; op is in, notin, exists or absent.
    "requirements" JSONB NOT NULL,
    CONSTRAINT "placement_pkey" PRIMARY KEY ("tenant", "selector")
);

-- Whether a worker with these labels meets all of them.
CREATE FUNCTION "meets_requirements"("labels" JSONB, "requirements" JSONB) RETURNS BOOLEAN LANGUAGE sql IMMUTABLE AS $$
    SELECT NOT EXISTS (
        SELECT FROM jsonb_to_recordset("requirements") AS r("key" TEXT, "op" TEXT, "values" TEXT[])
        WHERE NOT CASE r."op"
            WHEN 'in' THEN coalesce("labels" ->> r."key" = ANY (r."values"), false)
            WHEN 'notin' THEN NOT coalesce("labels" ->> r."key" = ANY (r."values"), false)
            WHEN 'exists' THEN "labels" ? r."key"
            ELSE NOT "labels" ? r."key"
        END)
$$;

-- The canonical selector of the workers that may run it; '' for any.
ALTER TABLE "task" ADD COLUMN "placement" TEXT NOT NULL DEFAULT '';
DROP INDEX "task_claim_idx";
CREATE INDEX "task_claim_idx" ON "task"("tenant", "queue", "type", "placement", "generation", "order_key", "id") WHERE "is_claimable";
