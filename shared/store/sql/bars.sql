-- name: lock
-- Writers of one instrument's record go one after the other. Foreign keys of readers and runs do not wait for it.
select id from instruments where id = :instrument_id for no key update;

-- name: record
-- Rows of one source. A minute that no coverage holds becomes the record; inside coverage the record stands, and what
-- differs from it is a revision. Both selects see the table as it was before this statement.
with given as (
    select *
    from unnest(
        cast(:open_ms as bigint[]), cast(:open as numeric[]), cast(:high as numeric[]), cast(:low as numeric[]),
        cast(:close as numeric[]), cast(:volume as numeric[]), cast(:quote_volume as numeric[]),
        cast(:trades as bigint[]), cast(:taker_buy_base as numeric[]), cast(:taker_buy_quote as numeric[])
    ) as g (
        open_ms, open, high, low, close, volume, quote_volume, trades, taker_buy_base, taker_buy_quote
    )
),
judged as (
    select
        g.*,
        case
            when b.open_ms is not null then
                case when (b.open, b.high, b.low, b.close, b.volume) = (g.open, g.high, g.low, g.close, g.volume)
                    then 'same' else 'corrected' end
            when exists (
                select from coverage c
                where c.instrument_id = :instrument_id and c.from_ms <= g.open_ms and g.open_ms < c.to_ms
            ) then 'late'
            else 'new'
        end as verdict
    from given g
    left join bars b
        on b.instrument_id = :instrument_id and b.open_ms = g.open_ms
        and b.open_ms between :first_ms and :last_ms  -- says nothing new, but keeps the planner off the other years
),
inserted as (
    insert into bars (
        instrument_id, open_ms, open, high, low, close, volume, quote_volume, trades, taker_buy_base, taker_buy_quote,
        source, received_ms
    )
    select
        :instrument_id, open_ms, open, high, low, close, volume, quote_volume, trades, taker_buy_base, taker_buy_quote,
        :source, :received_ms
    from judged
    where verdict = 'new'
    returning open_ms, 'new' as verdict
),
revised as (
    insert into bar_revisions (
        instrument_id, open_ms, kind, open, high, low, close, volume, quote_volume, trades, taker_buy_base,
        taker_buy_quote, source, received_ms
    )
    select
        :instrument_id, open_ms, verdict, open, high, low, close, volume, quote_volume, trades, taker_buy_base,
        taker_buy_quote, :source, :received_ms
    from judged
    where verdict in ('corrected', 'late')
    on conflict on constraint uq_bar_revisions_content do nothing  -- said before
    returning open_ms, kind as verdict
)
select * from inserted union all select * from revised order by open_ms;

-- name: cover
-- One more decided range, merged with those that it overlaps or touches.
with touched as (
    delete from coverage
    where instrument_id = :instrument_id and from_ms <= :to_ms and to_ms >= :from_ms
    returning from_ms, to_ms
)
insert into coverage (instrument_id, from_ms, to_ms)
select :instrument_id, least(:from_ms, min(from_ms)), greatest(:to_ms, max(to_ms)) from touched;

-- name: extend
-- The everyday case of `cover`: the next minutes after a range that ends where they begin, before the next range.
update coverage c
set to_ms = :to_ms
where c.instrument_id = :instrument_id and c.to_ms = :from_ms
    and not exists (
        select from coverage n
        where n.instrument_id = :instrument_id and n.from_ms > c.from_ms and n.from_ms <= :to_ms
    );

-- name: is_covered
select exists (
    select from coverage where instrument_id = :instrument_id and from_ms <= :from_ms and to_ms >= :to_ms
);

-- name: coverage_of
select from_ms, to_ms
from coverage
where instrument_id = :instrument_id and to_ms > :from_ms and from_ms < :to_ms
order by from_ms;

-- name: columns
-- Floats are made by the server: half the bytes, and the client unpacks rows of one length.
copy (
    select open_ms, open::float8, high::float8, low::float8, close::float8, volume::float8
    from bars
    where instrument_id = {instrument_id} and open_ms >= {from_ms} and open_ms < {to_ms}
    order by open_ms
) to stdout (format binary);

-- name: revisions
select open_ms, kind, open, high, low, close, volume, quote_volume, trades, taker_buy_base, taker_buy_quote, source,
    received_ms
from bar_revisions
where instrument_id = :instrument_id and open_ms >= :from_ms and open_ms < :to_ms
order by open_ms desc, id desc
limit :limit;
