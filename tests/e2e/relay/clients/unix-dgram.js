// Stands in for npm's unix-dgram, whose native code is not built here: unix_dgram.py has the socket. The packets are hot-shots' own.
const { EventEmitter } = require('events');
const { spawn } = require('child_process');

class Socket extends EventEmitter {
    connect(path) {
        this.child = spawn('/usr/bin/python3', [`${__dirname}/unix_dgram.py`, path], { stdio: ['pipe', 'inherit', 'inherit'] });
    }

    send(packet, done) {
        const length = Buffer.alloc(4);
        length.writeUInt32LE(packet.length);
        this.child.stdin.write(Buffer.concat([length, packet]), done);
    }

    close() {
        this.child.stdin.end();
    }
}

exports.createSocket = () => new Socket();
