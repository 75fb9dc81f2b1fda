-- name: write
select write_decisions(:orders, :fills, :trades, :equity, :run_notes);
