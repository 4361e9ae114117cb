-- Strategies -----------------------------------------------------------------------------------------------------

CREATE TYPE "scheduling_strategy" AS ENUM (
    'FIFO', 'PRIORITY_FIRST', 'SHORTEST_JOB_FIRST', 'DEADLINE_FIRST', 'WEIGHTED', 'ROUND_ROBIN', 'FAIR');

-- How a tenant's waiting tasks are ordered: one row each. The strategies but the fair ones are the same sum with other
-- coefficients, which src/scheduling/coefficients.ts computes.
CREATE TABLE "scheduling" (
    "tenant" TEXT NOT NULL,
    "strategy" "scheduling_strategy" NOT NULL DEFAULT 'PRIORITY_FIRST',
    "settings" JSONB NOT NULL DEFAULT '{}',
    -- Goes down by one with each change of the order, so that keys of the new order are claimed first.
    "generation" INTEGER NOT NULL DEFAULT 0,
    "as_of" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "is_rekeyed" BOOLEAN NOT NULL DEFAULT true,
    "per_ready" DOUBLE PRECISION NOT NULL DEFAULT 1,
    "per_rank" DOUBLE PRECISION NOT NULL DEFAULT 600000,
    "per_length" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "longest_ms" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "per_deadline" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "deadline_from_ms" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "deadline_to_ms" DOUBLE PRECISION NOT NULL DEFAULT 0,
    CONSTRAINT "scheduling_pkey" PRIMARY KEY ("tenant")
) WITH (fillfactor = 50);

-- Whoever may own tasks has an order for them.
CREATE FUNCTION "add_scheduling"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO "scheduling" ("tenant") VALUES (NEW."tenant") ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER "task_type_has_scheduling" AFTER INSERT ON "task_type" FOR EACH ROW EXECUTE FUNCTION "add_scheduling"();
INSERT INTO "scheduling" ("tenant") SELECT DISTINCT "tenant" FROM "task_type" ON CONFLICT DO NOTHING;

-- Mean run time of the type's attempts of late, in milliseconds: the estimate for tasks that give none.
ALTER TABLE "task_type" ADD COLUMN "mean_run_ms" DOUBLE PRECISION;

-- Start-time fair queueing: where the last task of each flow ends on the virtual clock …
CREATE TABLE "fair_flow" (
    "tenant" TEXT NOT NULL,
    "generation" INTEGER NOT NULL,
    "flow" TEXT NOT NULL,
    "finish_tag" DOUBLE PRECISION NOT NULL,
    CONSTRAINT "fair_flow_pkey" PRIMARY KEY ("tenant", "generation", "flow")
) WITH (fillfactor = 50);
-- … and how far each claimer has seen that clock go. The time is the largest; no row is everybody's.
CREATE TABLE "fair_clock" (
    "tenant" TEXT NOT NULL,
    "generation" INTEGER NOT NULL,
    "worker_id" UUID NOT NULL,
    "tag" DOUBLE PRECISION NOT NULL,
    CONSTRAINT "fair_clock_pkey" PRIMARY KEY ("tenant", "generation", "worker_id")
) WITH (fillfactor = 50);

-- The start tag of a flow's next task; the flow's clock moves on by the task's share.
CREATE FUNCTION "fair_start_tag"("of_tenant" TEXT, "of_generation" INTEGER, "of_flow" TEXT, "weight" DOUBLE PRECISION)
RETURNS DOUBLE PRECISION LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    "share" DOUBLE PRECISION := 1 / coalesce("weight", 1);
    "now" DOUBLE PRECISION := coalesce(
        (SELECT max("tag") FROM "fair_clock" WHERE "tenant" = "of_tenant" AND "generation" = "of_generation"), 0);
    "finish" DOUBLE PRECISION;
BEGIN
    INSERT INTO "fair_flow" AS f ("tenant", "generation", "flow", "finish_tag")
    VALUES ("of_tenant", "of_generation", "of_flow", "now" + "share")
    ON CONFLICT ("tenant", "generation", "flow") DO UPDATE SET "finish_tag" = greatest(f."finish_tag", "now") + "share"
    RETURNING "finish_tag" INTO "finish";
    RETURN "finish" - "share";
END $$;

-- 0 for CRITICAL to 4 for BACKGROUND.
CREATE FUNCTION "task_rank"("priority" "task_priority") RETURNS INTEGER LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE "priority" WHEN 'CRITICAL' THEN 0 WHEN 'HIGH' THEN 1 WHEN 'MEDIUM' THEN 2 WHEN 'LOW' THEN 3 ELSE 4 END
$$;

-- Place of a READY task in the order; smaller is claimed first. Times are milliseconds since 1970, `flow` is whom the fair
-- strategy gives turns. One expression, so that the planner writes it into the statement that calls it.
CREATE FUNCTION "task_order_key"(
    "s" "scheduling", "task_type" TEXT, "rank" INTEGER, "ready_ms" DOUBLE PRECISION, "length_ms" DOUBLE PRECISION,
    "deadline_ms" DOUBLE PRECISION, "flow" TEXT)
RETURNS DOUBLE PRECISION LANGUAGE sql VOLATILE AS $$
    SELECT CASE s."strategy"
        WHEN 'FAIR' THEN "fair_start_tag"(s."tenant", s."generation", "flow", (s."settings" -> 'fairnessWeights' ->> "flow")::float8)
        WHEN 'ROUND_ROBIN' THEN "fair_start_tag"(s."tenant", s."generation", "task_type", 1)
        ELSE s."per_ready" * "ready_ms" + s."per_rank" * "rank" + s."per_length" * least("length_ms", s."longest_ms")
            + s."per_deadline" * greatest(least(coalesce("deadline_ms", s."deadline_to_ms"), s."deadline_to_ms"), s."deadline_from_ms")
    END
$$;
