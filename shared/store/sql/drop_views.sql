-- Everything that views.sql makes, dependents first.
drop view if exists v_feed_health;
drop view if exists v_rules;
drop view if exists v_daily_pnl;
drop view if exists v_equity_daily;
drop view if exists v_open_positions;
drop view if exists v_orders;
drop view if exists v_fills;
drop view if exists v_trades;
drop view if exists v_runs;
drop function if exists exchange_now_ms();
drop function if exists wall_now_ms();
drop function if exists to_ms(timestamptz);
drop function if exists at_ms(bigint);
