"""Shell scripts that speak to an interface from inside a container, with a program that is there.

Many images of load balancers have neither `socat` nor `curl`. Debian's always have perl, and
Alpine's have BusyBox's `wget` and `nc`.
"""

from __future__ import annotations

# The exit code if the container has none of the programs.
NO_PROGRAM = 90

# Arguments: the socket's path, the command.
UNIX = r"""
if command -v socat >/dev/null; then printf '%s\n' "$2" | socat -t5 - "UNIX-CONNECT:$1"
elif command -v perl >/dev/null; then
    perl -MIO::Socket::UNIX -e '
        my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "$ARGV[0]: $!\n";
        alarm 5; print $s "$ARGV[1]\n"; $s->flush; print while <$s>;' "$1" "$2"
elif command -v python3 >/dev/null; then
    python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(5)
s.connect(sys.argv[1])
s.sendall(sys.argv[2].encode() + b"\n")
for piece in iter(lambda: s.recv(65536), b""):
    sys.stdout.buffer.write(piece)' "$1" "$2"
elif nc --help 2>&1 | grep -q BusyBox; then printf '%s\n' "$2" | nc "local:$1"
elif command -v nc >/dev/null; then printf '%s\n' "$2" | nc -U -w 5 "$1"
else exit 90; fi
"""

# Arguments: host, port, path. Prints the body of the response.
HTTP = r"""
if command -v curl >/dev/null; then curl -fsS -m 5 "http://$1:$2$3"
elif command -v wget >/dev/null; then wget -q -T 5 -O - "http://$1:$2$3"
elif command -v perl >/dev/null; then
    perl -MIO::Socket::INET -e '
        my ($host, $port, $path) = @ARGV;
        my $s = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port, Timeout => 5)
            or die "$host:$port: $!\n";
        alarm 5; print $s "GET $path HTTP/1.0\r\nHost: $host:$port\r\n\r\n"; $s->flush;
        my $answer = join "", <$s>;
        $answer =~ s/\A(HTTP\S+ 200 .*?\r\n\r\n)//s or die substr($answer, 0, 200);
        print $answer;' "$1" "$2" "$3"
elif command -v python3 >/dev/null; then
    python3 -c '
import sys, urllib.request
with urllib.request.urlopen("http://%s:%s%s" % tuple(sys.argv[1:]), timeout=5) as answer:
    sys.stdout.buffer.write(answer.read())' "$1" "$2" "$3"
else exit 90; fi
"""
