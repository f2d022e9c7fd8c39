// answers.js: reads answers to a POST with Node's own client. Each line of the standard input is one, in pieces of hexadecimal digits with
// blanks between them; the connection ends after them. Writes a line of JSON for each, {"strict": …, "lenient": …}, each as answers.c does.
const http = require('http');
const {Duplex} = require('stream');

class Pieces extends Duplex {
  _read() {}
  _write(chunk, encoding, done) { done(); }
  setNoDelay() {}
  setKeepAlive() {}
  setTimeout() {}
  ref() {}
  unref() {}
}

// tick(): returns when all that is pending was handled.
const tick = () => new Promise(resolve => setImmediate(resolve));

// read(line, lenient): lenient: refuses less, as --insecure-http-parser.
async function read(line, lenient) {
  const socket = new Pieces(), found = {status: 0, whole: false, keeps: false, body: '', wrong: ''}, body = [];
  const agent = new http.Agent({keepAlive: true});
  agent.createConnection = () => socket;
  const request = http.request({method: 'POST', agent: agent, insecureHTTPParser: lenient});
  request.on('error', error => { found.wrong = found.wrong || error.code || error.message; });
  request.on('upgrade', () => { found.wrong = 'upgrade'; });
  request.on('response', response => {
    found.status = response.statusCode;
    response.on('data', data => body.push(data));
    response.on('error', error => { found.wrong = found.wrong || error.code || error.message; });
    response.on('end', () => {
      found.whole = response.complete;
      found.keeps = response.complete && request.shouldKeepAlive;
    });
  });
  request.end();
  await tick();
  for (const piece of line.split(' ')) {
    socket.push(Buffer.from(piece, 'hex'));
    await tick();
  }
  const before = found.whole; // an answer may also end with the connection
  socket.push(null);
  await tick();
  await tick();
  socket.destroy();
  return Object.assign(found, {whole: before, keeps: before && found.keeps, body: Buffer.concat(body).toString('hex')});
}

async function main() {
  for await (const line of require('readline').createInterface({input: process.stdin}))
    process.stdout.write(JSON.stringify({strict: await read(line, false), lenient: await read(line, true)}) + '\n');
}

main();
