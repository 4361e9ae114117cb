-- Enqueueing from a user's own transaction -----------------------------------------------------------------------

CREATE FUNCTION "new_uuid_v7"() RETURNS UUID LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    -- A version 4 with the time in front; two more bits make its version 7.
    SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
        placing substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::BIGINT) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::UUID
$$;

CREATE FUNCTION "enqueue_refuse"(problem TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'enqueue_task: ' || problem;
END $$;

-- The members of an object of options, each of which must be known.
CREATE FUNCTION "enqueue_object"(options JSONB, field TEXT, known TEXT[]) RETURNS JSONB LANGUAGE plpgsql AS $$
DECLARE
    found JSONB := CASE WHEN field = '' THEN options ELSE options -> field END;
    stranger TEXT;
BEGIN
    IF coalesce(jsonb_typeof(found), 'null') = 'null' THEN RETURN NULL; END IF;
    IF jsonb_typeof(found) <> 'object' THEN PERFORM enqueue_refuse(coalesce(nullif(field, ''), 'options') || ' is not an object'); END IF;
    SELECT k INTO stranger FROM jsonb_object_keys(found) AS k WHERE k <> ALL (known) LIMIT 1;
    IF stranger IS NOT NULL THEN
        PERFORM enqueue_refuse(format('%s"%s" is no option; there are %s', CASE WHEN field = '' THEN '' ELSE field || ': ' END, stranger,
            array_to_string(known, ', ')));
    END IF;
    RETURN jsonb_strip_nulls(found);
END $$;

CREATE FUNCTION "enqueue_text"(options JSONB, field TEXT, longest INTEGER) RETURNS TEXT LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(jsonb_typeof(options -> field), 'null') = 'null' THEN RETURN NULL; END IF;
    IF jsonb_typeof(options -> field) <> 'string' THEN PERFORM enqueue_refuse(field || ' is not a text'); END IF;
    IF char_length(options ->> field) > longest THEN
        PERFORM enqueue_refuse(format('%s has %s characters; %s at most', field, char_length(options ->> field), longest));
    END IF;
    RETURN options ->> field;
END $$;

CREATE FUNCTION "enqueue_time"(options JSONB, field TEXT, at TIMESTAMPTZ) RETURNS TIMESTAMPTZ LANGUAGE plpgsql AS $$
DECLARE
    found TIMESTAMPTZ(3);
BEGIN
    BEGIN
        found := enqueue_text(options, field, 100);
    EXCEPTION WHEN data_exception THEN
        PERFORM enqueue_refuse(format('%s is not a time: %s', field, options -> field));
    END;
    -- Clocks differ: a little in the past still means "now".
    IF found < at - interval '1 minute' THEN PERFORM enqueue_refuse(format('%s %s is in the past', field, options -> field)); END IF;
    IF found > at + interval '36600 days' THEN PERFORM enqueue_refuse(field || ' is more than a hundred years ahead'); END IF;
    RETURN found;
END $$;

-- A number within bounds; of milliseconds, where `whole` says so.
CREATE FUNCTION "enqueue_number"(options JSONB, field TEXT, smallest NUMERIC, largest NUMERIC, whole BOOLEAN) RETURNS NUMERIC LANGUAGE plpgsql AS $$
DECLARE
    found NUMERIC;
BEGIN
    IF coalesce(jsonb_typeof(options -> field), 'null') = 'null' THEN RETURN NULL; END IF;
    IF jsonb_typeof(options -> field) <> 'number' THEN PERFORM enqueue_refuse(field || ' is not a number'); END IF;
    found := (options ->> field)::NUMERIC;
    IF found < smallest OR found > largest OR (whole AND found <> trunc(found)) THEN
        PERFORM enqueue_refuse(format('%s is %s; give %s%s to %s', field, found, CASE WHEN whole THEN 'a whole number from ' ELSE '' END, smallest, largest));
    END IF;
    RETURN found;
END $$;

-- Makes a task within the caller's transaction: it exists exactly when that commits. Answers with its id, or with that of the task that
-- the same idempotency key made before.
--
-- The task is born SCHEDULED, for its time or for now; the scheduler's clock makes it READY within a moment of the commit, as it does with
-- every task that waits for a time: how tasks are ordered is decided in one place, which is not here. Its event cannot come last, as it does
-- elsewhere, since the caller may go on to lock what it likes; that turns no order round, because nobody can see the task before the
-- commit, and whatever happens to it comes after.
--
-- Locks: the idempotency key, and the type's row FOR KEY SHARE; both until the caller's transaction ends.
CREATE FUNCTION "enqueue_task"(name TEXT, type TEXT, input JSONB DEFAULT NULL, options JSONB DEFAULT NULL) RETURNS UUID
LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT AS $$
#variable_conflict use_column
DECLARE
    given JSONB := coalesce(enqueue_object(coalesce(options, '{}'), '', ARRAY['tenant', 'queue', 'description', 'priority', 'scheduledFor',
        'deadline', 'estimatedMs', 'retry', 'timeouts', 'resources', 'tags', 'labels', 'concurrencyKey', 'rateKey', 'fairnessKey', 'idempotencyKey',
        'createdBy']), '{}');
    of_tenant TEXT := coalesce(enqueue_text(given, 'tenant', 200), 'default');
    once TEXT := enqueue_text(given, 'idempotencyKey', 500);
    at TIMESTAMPTZ(3) := date_trunc('milliseconds', clock_timestamp());
    starts_at TIMESTAMPTZ(3) := enqueue_time(given, 'scheduledFor', at);
    longest CONSTANT BIGINT := 3162240000000;
    new_id UUID := new_uuid_v7();
    hash BYTEA;
    defaults JSONB;
    retry JSONB;
    timeouts JSONB;
    total_ms BIGINT;
    expires TIMESTAMPTZ(3);
    standing RECORD;
    resources JSONB;
BEGIN
    IF coalesce(btrim(enqueue_task.name), '') = '' THEN PERFORM enqueue_refuse('name is empty'); END IF;
    IF char_length(enqueue_task.name) > 500 THEN
        PERFORM enqueue_refuse(format('name has %s characters; 500 at most', char_length(enqueue_task.name)));
    END IF;
    IF octet_length(enqueue_task.input::TEXT) > 1048576 THEN
        PERFORM enqueue_refuse(format('input takes %s bytes; 1048576 at most, so pass large content by reference', octet_length(enqueue_task.input::TEXT)));
    END IF;
    IF once = '' THEN PERFORM enqueue_refuse('idempotencyKey is empty; give 1 to 500 characters'); END IF;
    IF given ? 'priority' AND NOT given -> 'priority' <@ '["CRITICAL", "HIGH", "MEDIUM", "LOW", "BACKGROUND"]' THEN
        PERFORM enqueue_refuse(format('priority %s is not one of CRITICAL, HIGH, MEDIUM, LOW, BACKGROUND', given -> 'priority'));
    END IF;
    IF given ? 'tags' AND (jsonb_typeof(given -> 'tags') <> 'array' OR jsonb_array_length(given -> 'tags') > 100
        OR EXISTS (SELECT FROM jsonb_array_elements(given -> 'tags') AS tag
            WHERE jsonb_typeof(tag) <> 'string' OR char_length(btrim(tag #>> '{}')) < 1 OR char_length(tag #>> '{}') > 200)) THEN
        PERFORM enqueue_refuse('tags is not a list of at most 100 texts of 1 to 200 characters');
    END IF;
    IF given ? 'labels' AND (jsonb_typeof(given -> 'labels') <> 'object' OR (SELECT count(*) FROM jsonb_each(given -> 'labels')) > 100
        OR EXISTS (SELECT FROM jsonb_each(given -> 'labels') AS label WHERE btrim(label.key) = '' OR char_length(label.key) > 200
            OR jsonb_typeof(label.value) <> 'string' OR char_length(label.value #>> '{}') > 1000)) THEN
        PERFORM enqueue_refuse('labels is not an object of at most 100 texts, names to 200 and values to 1000 characters');
    END IF;

    SELECT t."defaults" INTO defaults FROM "task_type" AS t WHERE t."tenant" = of_tenant AND t."name" = enqueue_task.type FOR KEY SHARE;
    IF NOT FOUND THEN
        PERFORM enqueue_refuse(format('no task type "%s" is registered for the tenant "%s"; start a worker that serves it, or correct the name',
            enqueue_task.type, of_tenant));
    END IF;
    IF once IS NOT NULL THEN
        hash := sha256(convert_to(jsonb_build_array(enqueue_task.name, enqueue_task.type, enqueue_task.input, given - 'idempotencyKey')::TEXT, 'UTF8'));
        LOOP
            INSERT INTO "idempotency_key" ("tenant", "verb", "key", "body_hash", "result")
            VALUES (of_tenant, 'enqueue_task', once, hash, jsonb_build_object('taskIds', jsonb_build_array(new_id))) ON CONFLICT DO NOTHING;
            EXIT WHEN FOUND;
            SELECT k."body_hash" = hash AS is_same, (k."result" -> 'taskIds' ->> 0)::UUID AS id INTO standing
            FROM "idempotency_key" AS k WHERE k."tenant" = of_tenant AND k."verb" = 'enqueue_task' AND k."key" = once;
            -- Gone again between the two statements: retention has just dropped it.
            CONTINUE WHEN NOT FOUND;
            IF standing.is_same THEN RETURN standing.id; END IF;
            RAISE EXCEPTION USING ERRCODE = 'unique_violation',
                MESSAGE = format('enqueue_task: the idempotency key "%s" made another task before, %s', once, standing.id),
                HINT = 'Repeat that call unchanged, or take a new key.';
        END LOOP;
    END IF;

    retry := enqueue_object(given, 'retry', ARRAY['maxAttempts', 'strategy', 'initialMs', 'factor', 'maxMs', 'jitter', 'nonRetryableCodes']);
    PERFORM enqueue_number(retry, 'maxAttempts', 1, 1000, true), enqueue_number(retry, 'initialMs', 0, longest, true),
        enqueue_number(retry, 'factor', 1, 100, false), enqueue_number(retry, 'maxMs', 0, longest, true), enqueue_number(retry, 'jitter', 0, 1, false);
    IF retry ? 'strategy' AND NOT retry -> 'strategy' <@ '["fixed", "linear", "exponential"]' THEN
        PERFORM enqueue_refuse(format('strategy %s is not one of fixed, linear, exponential', retry -> 'strategy'));
    END IF;
    IF retry ? 'nonRetryableCodes' AND (jsonb_typeof(retry -> 'nonRetryableCodes') <> 'array'
        OR EXISTS (SELECT FROM jsonb_array_elements(retry -> 'nonRetryableCodes') AS code WHERE jsonb_typeof(code) <> 'string')) THEN
        PERFORM enqueue_refuse('nonRetryableCodes is not a list of texts');
    END IF;
    IF retry IS NOT NULL OR coalesce(jsonb_typeof(defaults -> 'retry'), 'null') = 'object' THEN
        -- The defaults of src/task/retry.ts; test/enqueue/enqueue-task.test.ts holds them together.
        retry := '{"maxAttempts": 3, "strategy": "exponential", "initialMs": 1000, "factor": 2, "maxMs": 3600000, "jitter": 0.2, "nonRetryableCodes": []}'::JSONB
            || coalesce(jsonb_strip_nulls(nullif(defaults -> 'retry', 'null')), '{}') || coalesce(retry, '{}');
    END IF;
    timeouts := coalesce(jsonb_strip_nulls(nullif(defaults -> 'timeouts', 'null')), '{}')
        || coalesce(enqueue_object(given, 'timeouts', ARRAY['queueMs', 'attemptMs', 'totalMs', 'heartbeatMs']), '{}');
    total_ms := enqueue_number(timeouts, 'totalMs', 1, longest, true);
    resources := enqueue_resources(given, defaults -> 'resources');
    expires := greatest(starts_at, at) + total_ms * interval '1 millisecond';

    INSERT INTO "task" ("tenant", "id", "name", "description", "queue", "type", "status", "priority", "input", "created_at", "updated_at",
        "scheduled_for", "deadline", "estimated_ms", "retry", "queue_timeout_ms", "attempt_timeout_ms", "total_timeout_ms", "heartbeat_timeout_ms",
        "resources", "placement", "tags", "labels", "concurrency_key", "rate_key", "limits", "fairness_key", "idempotency_key", "created_by", "expires_at", "wake_at")
    VALUES (of_tenant, new_id, enqueue_task.name, enqueue_text(given, 'description', 10000), coalesce(enqueue_text(given, 'queue', 100), 'default'),
        enqueue_task.type, 'SCHEDULED', coalesce(given ->> 'priority', defaults ->> 'priority', 'MEDIUM')::"task_priority",
        nullif(enqueue_task.input, 'null'), at, at, starts_at, enqueue_time(given, 'deadline', at), enqueue_number(given, 'estimatedMs', 0, longest, true),
        retry, enqueue_number(timeouts, 'queueMs', 1, longest, true), enqueue_number(timeouts, 'attemptMs', 1, longest, true), total_ms,
        enqueue_number(timeouts, 'heartbeatMs', 1, longest, true),
        resources, enqueue_placement(of_tenant, resources), ARRAY(SELECT tag FROM jsonb_array_elements_text(given -> 'tags') WITH ORDINALITY AS v(tag, place) GROUP BY tag ORDER BY min(place)),
        coalesce(given -> 'labels', '{}'), enqueue_text(given, 'concurrencyKey', 500), enqueue_text(given, 'rateKey', 500),
        enqueue_limits(of_tenant, given ->> 'concurrencyKey', given ->> 'rateKey', nullif(defaults -> 'pools', 'null')), enqueue_text(given, 'fairnessKey', 500), once,
        coalesce(enqueue_text(given, 'createdBy', 500), 'enqueue_task'), expires, least(coalesce(starts_at, at), expires));
    INSERT INTO "event" ("tenant", "kind", "task_id", "task_type", "version", "status", "actor")
    VALUES (of_tenant, 'TaskCreated', new_id, enqueue_task.type, 1, 'SCHEDULED', coalesce(given ->> 'createdBy', 'enqueue_task'));
    -- Heard on the commit by whoever listens; all others look by themselves.
    PERFORM pg_notify('task_mgmt', 'events');
    RETURN new_id;
END $$;

-- What a task takes by itself, as `limitsOf` in src/task/limits.ts has it; a pool has to have what its type asks for.
CREATE FUNCTION "enqueue_limits"(of_tenant TEXT, concurrency_key TEXT, rate_key TEXT, pools JSONB) RETURNS JSONB LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
    asked RECORD;
BEGIN
    FOR asked IN
        SELECT v.key AS name, v.value::INTEGER AS slots, p."capacity" FROM jsonb_each_text(pools) AS v
        LEFT JOIN "pool" AS p ON p."tenant" = of_tenant AND p."name" = v.key ORDER BY v.key
    LOOP
        IF asked.capacity IS NULL THEN PERFORM enqueue_refuse(format('its type takes slots of "%s", which is no pool; make it with configurePool', asked.name)); END IF;
        IF asked.slots > asked.capacity THEN
            PERFORM enqueue_refuse(format('its type takes %s slots of the pool "%s", which has %s in all: the task could never run', asked.slots, asked.name, asked.capacity));
        END IF;
    END LOOP;
    RETURN (SELECT jsonb_agg(jsonb_build_object('key', l.key, 'slots', l.slots) ORDER BY l.key COLLATE "C") FROM (
        SELECT 'key:' || concurrency_key AS key, 1 AS slots WHERE concurrency_key IS NOT NULL
        UNION ALL SELECT 'rate:' || rate_key, 1 WHERE rate_key IS NOT NULL
        UNION ALL SELECT 'pool:' || v.key, v.value::INTEGER FROM jsonb_each_text(pools) AS v WHERE v.value::INTEGER > 0) AS l);
END $$;

-- As `sizeUp` in src/task/resources.ts; test/enqueue/enqueue-task.test.ts holds them together.
CREATE FUNCTION "size_up"("amount" FLOAT8) RETURNS FLOAT8 LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    decade FLOAT8 := 10 ^ (floor(log("amount"::numeric) + 1e-12) - 1);
    octave FLOAT8 := 2 ^ (floor(log(2, "amount"::numeric) + 1e-12) - 3);
BEGIN
    RETURN least(
        (ceil("amount" / decade - 1e-9) * decade)::numeric::float8,
        (ceil("amount" / octave - 1e-9) * octave)::numeric::float8);
END $$;

-- What a task asks of its worker: what is given, each where it is absent as its type says. Null for nothing.
CREATE FUNCTION "enqueue_resources"(options JSONB, defaults JSONB) RETURNS JSONB LANGUAGE plpgsql AS $$
DECLARE
    given JSONB := enqueue_object(options, 'resources', ARRAY['cpuCores', 'memoryMb', 'gpu', 'diskMb', 'networkMbps', 'custom']);
    own JSONB := given -> 'custom';
    usual JSONB := jsonb_strip_nulls(nullif(defaults, 'null'));
    limits CONSTANT JSONB := '{"cpuCores": 100000, "memoryMb": 1000000000, "gpu": 100000, "diskMb": 100000000000, "networkMbps": 1000000000}';
    field TEXT;
    merged JSONB;
BEGIN
    FOR field IN SELECT k FROM jsonb_object_keys(given) AS k WHERE k <> 'custom' LOOP
        PERFORM enqueue_amount(given, field, (limits ->> field)::NUMERIC);
    END LOOP;
    IF own IS NOT NULL THEN
        IF jsonb_typeof(own) <> 'object' OR (SELECT count(*) FROM jsonb_object_keys(own)) > 20 THEN
            PERFORM enqueue_refuse('custom is not an object of at most 20 amounts');
        END IF;
        FOR field IN SELECT jsonb_object_keys(own) LOOP
            IF field !~ '^[a-z][a-z0-9_.-]{0,62}$' OR limits ? field THEN
                PERFORM enqueue_refuse(format('custom: "%s" is no name: lower case letters, digits and _ . - after a letter, up to 63, and none that is known by itself', field));
            END IF;
            PERFORM enqueue_amount(own, field, 1000000000);
        END LOOP;
    END IF;
    merged := coalesce(usual, '{}') || coalesce(given, '{}');
    IF usual ? 'custom' OR own IS NOT NULL THEN
        merged := merged || jsonb_build_object('custom', coalesce(usual -> 'custom', '{}') || coalesce(own, '{}'));
    END IF;
    RETURN nullif(merged, '{}');
END $$;

CREATE FUNCTION "enqueue_amount"(amounts JSONB, field TEXT, largest NUMERIC) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    IF enqueue_number(amounts, field, 0, largest, false) BETWEEN 1e-300 AND 0.000999999 THEN
        PERFORM enqueue_refuse(format('%s is %s; give 0, or 0.001 to %s', field, amounts -> field, largest));
    END IF;
END $$;

-- The key of the placement of tasks that ask for this, which is made where there is none yet; '' for nothing. As `placementOf` in
-- src/task/placement.ts.
CREATE FUNCTION "enqueue_placement"(of_tenant TEXT, resources JSONB) RETURNS TEXT LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    counted JSONB;
    written TEXT;
BEGIN
    SELECT jsonb_object_agg(a.key, size_up(a.amount)), string_agg(a.key || '=' || size_up(a.amount)::TEXT, ',' ORDER BY a.key COLLATE "C")
    INTO counted, written FROM (
        SELECT v.key, v.value::FLOAT8 AS amount
        FROM jsonb_each_text((coalesce(resources, '{}') - 'custom') || coalesce(resources -> 'custom', '{}')) AS v
    ) AS a WHERE a.amount > 0;
    IF counted IS NULL THEN RETURN ''; END IF;
    IF length(written) > 200 THEN
        written := '#' || rtrim(translate(encode(sha256(convert_to(written, 'UTF8')), 'base64'), '+/', '-_'), '=');
    END IF;
    -- Held until the caller's transaction ends, so that it is not dropped for want of tasks; it may have been just now.
    LOOP
        INSERT INTO "placement" ("tenant", "key", "requirements", "resources") VALUES (of_tenant, ';' || written, '[]', counted) ON CONFLICT DO NOTHING;
        PERFORM FROM "placement" AS p WHERE p."tenant" = of_tenant AND p."key" = ';' || written FOR KEY SHARE;
        EXIT WHEN FOUND;
    END LOOP;
    RETURN ';' || written;
END $$;
