// The overview, live: any change of a run, and the state of the feed, load the tables again.
import { listen } from "./live.js";
import { onRefresh, refresh } from "./refresh.js";
import { sparks } from "./spark.js";

sparks(document);
onRefresh(() => sparks(document));
listen("/events", { run: refresh, system: refresh, reset: refresh, reopened: refresh });
