/** A viewer in a process of its own, as a page is: reads the feed of an inspector, and counts. Given the origin and a cookie. */
import { WebSocket } from "ws";

const [origin = "", cookie = ""] = process.argv.slice(2);
const socket = new WebSocket(`${origin.replace("http", "ws")}/feed`, { headers: { origin, cookie } });
socket.on("message", () => {
  process.send?.("read");
  socket.removeAllListeners("message");
  socket.on("message", () => undefined);
});
process.on("disconnect", () => process.exit());
