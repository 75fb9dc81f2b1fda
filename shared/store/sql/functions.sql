-- What a commit of a runner does, in the server and in one statement (decision 0011). Callers: store/commits.py.
-- Made anew at the end of every upgrade; what is made here is dropped in drop_views.sql.

-- ownership.Progress, field by field
create type run_step as (
    run_id bigint,
    epoch bigint,
    old_position_ms bigint,
    old_digest bytea,
    new_position_ms bigint,
    new_digest bytea,
    new_seq bigint,
    status text,
    status_detail text,
    health text,
    equity numeric,
    quantity numeric,
    progress real,
    is_level boolean
);

-- The fence. A run is mine, and is moved, only if I own it, in the epoch that I claimed it in, and it stands exactly
-- where my fold stood before. Returns those that are. Rows are locked in the order of their ids: two runners cannot
-- deadlock. Many steps are planned for anew: a join that is best for three takes a million comparisons for a thousand.
create function move_runs(owner uuid, steps run_step[]) returns bigint[]
    language plpgsql
    set plan_cache_mode = auto as $$
declare
    mine bigint[];
begin
    if cardinality(steps) > 16 then
        perform set_config('plan_cache_mode', 'force_custom_plan', true);
    end if;
    mine := array(
        select r.id
        from unnest(steps) as s
        join runs r on r.id = s.run_id
        where r.runner_id = owner
            and r.epoch = s.epoch
            and r.position_ms is not distinct from s.old_position_ms
            and r.digest is not distinct from s.old_digest
            and r.ended_at is null
        order by r.id
        for no key update of r
    );
    update runs r
    set position_ms = s.new_position_ms,
        digest = s.new_digest,
        seq = s.new_seq,
        status = s.status,
        status_detail = s.status_detail,
        health = s.health,
        equity = s.equity,
        quantity = s.quantity,
        progress = s.progress,
        -- a bar got through, or there is none left to get through; or the owner lives and says what it waits for
        attempts = case
            when s.new_position_ms is distinct from s.old_position_ms or s.is_level or s.health <> 'ok' then 0
            else r.attempts end,
        runner_id = case
            when s.status in ('stopped', 'finished', 'superseded', 'failed', 'diverged') then null else r.runner_id end,
        ended_at = case
            when s.status in ('stopped', 'finished', 'superseded', 'failed', 'diverged') then clock_timestamp() end
    from unnest(steps) as s
    where r.id = s.run_id and r.id = any (mine);
    return mine;
end $$;

-- Some keys of `place` were taken: by the same rows, or the run has diverged: the first difference is the error.
-- NUMERIC compares by value.
create function refuse_other_rows(place text, folded anyarray) returns void
    language plpgsql as $$
declare
    difference text;
begin
    execute format($query$
        select format('%1$s run %%s seq %%s: %%s is recorded as %%s, folded as %%s', r.run_id, r.seq, d.key, d.was, d.is)
        from unnest($1) as g
        join %1$I r using (run_id, seq)
        cross join lateral (
            select key, spelled(a.value) as was, spelled(b.value) as is
            from json_each(row_to_json(r)) with ordinality as a (key, value, number)
            join json_each(row_to_json(g)) as b using (key)
            where a.value::jsonb <> b.value::jsonb
            order by a.number
            limit 1
        ) as d
        order by r.run_id, r.seq
        limit 1
    $query$, place) into difference using folded;
    if difference is not null then
        raise exception using errcode = 'PF001', message = difference;
    end if;
end $$;

create function spelled(value json) returns text
    language sql immutable
    return case json_typeof(value) when 'null' then 'nothing' when 'string' then quote_literal(value #>> '{}') else value::text end;

-- Rows of many runs. A row is written once: the same row again is a no-op, another one under its key raises PF001.
create function write_decisions(
    new_orders orders[], new_fills fills[], new_trades trades[], new_equity equity[], new_notes run_notes[]
) returns void
    language plpgsql as $$
declare
    written bigint;
begin
    insert into orders select * from unnest(new_orders) on conflict do nothing;
    get diagnostics written = row_count;
    if written <> cardinality(new_orders) then
        perform refuse_other_rows('orders', new_orders);
    end if;
    insert into fills select * from unnest(new_fills) on conflict do nothing;
    get diagnostics written = row_count;
    if written <> cardinality(new_fills) then
        perform refuse_other_rows('fills', new_fills);
    end if;
    insert into trades select * from unnest(new_trades) on conflict do nothing;
    get diagnostics written = row_count;
    if written <> cardinality(new_trades) then
        perform refuse_other_rows('trades', new_trades);
    end if;
    insert into equity select * from unnest(new_equity) on conflict do nothing;
    get diagnostics written = row_count;
    if written <> cardinality(new_equity) then
        perform refuse_other_rows('equity', new_equity);
    end if;
    insert into run_notes select * from unnest(new_notes) on conflict do nothing;
    get diagnostics written = row_count;
    if written <> cardinality(new_notes) then
        perform refuse_other_rows('run_notes', new_notes);
    end if;
end $$;

-- Commands of these runs that have no minute yet get theirs: the first boundary strictly after they were accepted, and
-- never a minute that has been folded. The runs are locked by the fence and stand where this commit has put them.
create function assign_commands(run_ids bigint[]) returns setof run_commands
    language sql volatile as $$
    update run_commands c
    set effective_ms = greatest(
        (c.accepted_ms / 60000 + 1) * 60000,
        (select coalesce(r.position_ms + 60000, r.start_ms) from runs r where r.id = c.run_id)
    )
    where c.run_id = any (run_ids) and c.effective_ms is null
    returning c.*;
$$;

-- A whole commit. Comes back with little, and with nothing as a rule: commands that have just been given their minute,
-- and, with their run alone, runs that are not mine any more.
create function commit_folds(
    owner uuid, steps run_step[],
    new_orders orders[], new_fills fills[], new_trades trades[], new_equity equity[], new_notes run_notes[]
) returns table (run_id bigint, command_id bigint, kind text, effective_ms bigint, close_position boolean)
    language plpgsql as $$
declare
    mine bigint[] := move_runs(owner, steps);
begin
    if cardinality(mine) < cardinality(steps) then
        new_orders := array(select g from unnest(new_orders) as g where g.run_id = any (mine));
        new_fills := array(select g from unnest(new_fills) as g where g.run_id = any (mine));
        new_trades := array(select g from unnest(new_trades) as g where g.run_id = any (mine));
        new_equity := array(select g from unnest(new_equity) as g where g.run_id = any (mine));
        new_notes := array(select g from unnest(new_notes) as g where g.run_id = any (mine));
        return query
        select s.run_id, null::bigint, null, null::bigint, null::boolean
        from unnest(steps) as s where s.run_id <> all (mine);
    end if;
    perform write_decisions(new_orders, new_fills, new_trades, new_equity, new_notes);
    return query
    select c.run_id, c.id, c.kind, c.effective_ms, c.close_position from assign_commands(mine) as c order by c.id;
end $$;
