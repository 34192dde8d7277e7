"""A runtime socket that answers as HAProxy 2.6 does; the texts were written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

STATE_HEADING = (
    "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight"
    " srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health"
    " srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord"
    " srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n"
)
STATE = "3 {backend} 1 {name} {address} {op} {admin} 1 1 1 15 3 1 6 0 0 0 {fqdn} 80 - 0 0 - - 0\n"
STAT_HEADING = (
    "# pxname,svname,qcur,qmax,scur,smax,econ,eresp,wretr,wredis,status,check_status,last_chk,"
    "hrsp_5xx,\n"
)
STAT = "{backend},{name},0,0,{sessions},9,0,0,0,0,UP,L7OK,Layer7 check passed,0,\n"
STAT_BACKEND = "app,BACKEND,0,0,0,9,0,0,2,0,UP,,,1,\n"
MOVED = "IP changed from '{}' to '{}', no need to change the port by 'stats socket command'\n\n"
BITS = {"ready": 0, "drain": 8, "maint": 1}


@dataclass
class FakeServer:
    backend: str
    name: str
    address: str
    fqdn: str = "-"
    op: int = 2
    admin: int = 0
    sessions: int = 0


@dataclass
class FakeHAProxy:
    """`answer` answers a command; `each_time` is called before each answer."""

    servers: list[FakeServer]
    denies: bool = False
    changes: list[str] = field(default_factory=list)
    is_valid: bool = True

    def answer(self, argv: Sequence[str]) -> str | int:
        if argv[:2] == ["haproxy", "-c"]:
            return "" if self.is_valid else 1
        self.before_answer()
        command = argv[-1]
        if command == "show servers state":
            rows = (STATE.format(**{**vars(s), "address": s.address or "-"}) for s in self.servers)
            return STATE_HEADING + "".join(rows) + "\n"
        if command == "show stat":
            rows = "".join(STAT.format(**vars(s)) for s in self.servers)
            return f"{STAT_HEADING}{rows}{STAT_BACKEND}\n"
        return self._change(command)

    def before_answer(self) -> None:
        """What HAProxy does by itself; replaced by tests."""

    def _change(self, command: str) -> str:
        if self.denies:
            return "Permission denied\n\n"
        self.changes.append(command)
        _, _, path, what, value = command.split()
        found = [s for s in self.servers if f"{s.backend}/{s.name}" == path]
        if not found:
            return "No such server.\n\n"
        if what == "addr":
            before, found[0].address = found[0].address, value
            return MOVED.format(before, value)
        # The flag of a failed resolution (0x20) stays.
        found[0].admin = BITS[value] | (found[0].admin & 0x20)
        return "\n"
