// What the bench compares with: socket.io's own server, as it is installed.
// node stock.mjs PORT FILE: at `go` from any device, everybody hears the patch in the file.
import { readFileSync } from 'node:fs';
import { Server } from 'socket.io';

const [port, path] = process.argv.slice(2);
const server = new Server({ transports: ['websocket'], serveClient: false });
server.on('connection', (socket) => {
  socket.join('hall');
  socket.emit('pulse', { head: 0 });
  socket.on('go', (_raw, done) => {
    server.to('hall').emit(...JSON.parse(readFileSync(path, 'utf8')));
    if (done) done();
  });
});
server.listen(Number(port), { host: '127.0.0.1' });
