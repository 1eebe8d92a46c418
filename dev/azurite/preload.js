// Loaded into Azurite's process before Azurite itself.
const http = require("http");

// It would outlive a parent that is killed: the parent holds our standard input open, and its end is ours.
process.stdin.on("end", () => process.exit(0));
process.stdin.on("error", () => process.exit(0));
process.stdin.resume();
// Watching for that end must not itself keep the process from ending.
process.stdin.unref();

// An outage cuts connections; closing alone waits until every client has let go of its own.
const close = http.Server.prototype.close;
http.Server.prototype.close = function (...told) {
  const closed = close.apply(this, told);
  this.closeAllConnections();
  return closed;
};
