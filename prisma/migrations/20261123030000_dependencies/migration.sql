-- Conditions on dependencies, cascades in batches, and tasks that stand for a key.

-- Conditions -----------------------------------------------------------------------------------------------------

ALTER TYPE "dependency_kind" ADD VALUE 'CONDITIONAL';

ALTER TABLE "task_dependency"
    ADD COLUMN "condition" TEXT,
    -- As text: a value of an enum cannot be used in the transaction that adds it.
    ADD CONSTRAINT "task_dependency_conditional_has_a_condition" CHECK (("kind"::TEXT = 'CONDITIONAL') = ("condition" IS NOT NULL));

-- Who gets the output of whom.
CREATE INDEX "task_dependency_data_idx" ON "task_dependency"("tenant", "task_id") WHERE "kind" = 'DATA';

-- The input of a task with the outputs of its DATA dependencies, or NULL when that takes more than `max_bytes`. It stops adding up
-- as soon as they are too many: together they might not even fit into memory.
CREATE FUNCTION "merged_input"(of_tenant TEXT, of_task UUID, max_bytes INTEGER) RETURNS JSONB LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    fields TEXT[] := '{}';
    outputs JSONB[] := '{}';
    total BIGINT := 0;
    part RECORD;
    merged JSONB;
BEGIN
    FOR part IN
        SELECT d."input_field", coalesce(o."output", 'null') AS "output" FROM "task_dependency" AS d
        JOIN "task" AS o ON o."tenant" = d."tenant" AND o."id" = d."depends_on_id"
        WHERE d."tenant" = of_tenant AND d."task_id" = of_task AND d."kind" = 'DATA' AND d."state" <> 'UNMET' AND o."status" = 'COMPLETED'
    LOOP
        total := total + octet_length(part."output"::TEXT);
        IF total > max_bytes THEN RETURN NULL; END IF;
        fields := fields || part."input_field";
        outputs := outputs || part."output";
    END LOOP;
    SELECT coalesce(t."input", '{}') || coalesce((SELECT jsonb_object_agg(f, o) FROM unnest(fields, outputs) AS v(f, o)), '{}') INTO merged
    FROM "task" AS t WHERE t."tenant" = of_tenant AND t."id" = of_task;
    RETURN CASE WHEN octet_length(merged::TEXT) <= max_bytes THEN merged END;
END $$;

-- A task is born with its dependencies and its parent, which exist by then, and they never change: so there are no cycles.
CREATE FUNCTION "refuse_rewiring"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'restrict_violation', MESSAGE = format('%s of %s never changes: a cycle could arise', TG_ARGV[0], TG_TABLE_NAME);
END $$;
CREATE TRIGGER "task_dependency_is_not_rewired" BEFORE UPDATE OF "task_id", "depends_on_id" ON "task_dependency"
    FOR EACH ROW EXECUTE FUNCTION "refuse_rewiring"('what it joins');
CREATE TRIGGER "task_keeps_its_parent" BEFORE UPDATE OF "parent_id" ON "task"
    FOR EACH ROW EXECUTE FUNCTION "refuse_rewiring"('parent_id');

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
