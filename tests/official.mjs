// The official Socket.IO client, told what to do by JSON lines on stdin, telling by JSON lines what it hears.
// Arguments: the folder with its node_modules, the address, and the options of the client as JSON.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [folder, address, options] = process.argv.slice(2);
const { io } = createRequire(`${folder}/`)("socket.io-client");
const say = (told) => process.stdout.write(`${JSON.stringify(told)}\n`);

let auth = {};
const socket = io(address, { ...JSON.parse(options), autoConnect: false, auth: (tell) => tell(auth) });
for (const event of ["patch", "pulse", "notice"]) socket.on(event, (told) => say({ event, told }));
socket.on("connect", () => say({ event: "connected", told: socket.io.engine.transport.name }));
socket.on("disconnect", () => say({ event: "disconnected", told: null }));
socket.on("connect_error", (error) => say({ event: "refused", told: error.data ?? { message: error.message } }));

const deeds = {
  connect: (given) => ((auth = given), socket.connect()),
  disconnect: () => socket.disconnect(),
  // As a phone that loses its line: the client comes back by itself.
  cut: () => socket.io.engine.transport.ws.terminate(),
  call: async ({ number, name, body }) => say({ event: "ack", told: [number, await socket.emitWithAck(name, body)] }),
};

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const [deed, given] = JSON.parse(line);
    deeds[deed](given);
  })
  .on("close", () => process.exit());
