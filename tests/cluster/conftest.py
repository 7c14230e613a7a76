"""A real Slurm on this machine alone: two nodes of one processor, and a partition that pre-empts the other."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

CONFIG = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
AuthInfo=cred_expire=6
StateSaveLocation={run}/state
SlurmdSpoolDir={run}/spool/%n
SlurmctldPidFile={run}/ctld.pid
SlurmdPidFile={run}/d-%n.pid
SlurmctldLogFile={run}/ctld.log
SlurmdLogFile={run}/d-%n.log
SlurmctldPort=16817
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmctldParameters=preempt_send_user_signal
JobRequeue=1
ReturnToService=2
SlurmdParameters=config_overrides
MinJobAge=60
KillWait=5
MaxArraySize=101
NodeName=n[1-2] NodeHostname={host} NodeAddr=127.0.0.1 Port=[17001-17002] CPUs=1 RealMemory=2000 State=UNKNOWN
PartitionName=low Nodes=ALL Default=YES MaxTime=60 PriorityTier=1 PreemptMode=REQUEUE GraceTime=20 State=UP
PartitionName=high Nodes=ALL MaxTime=60 PriorityTier=10 PreemptMode=OFF State=UP
"""
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "scontrol", "squeue")


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """`slurm("squeue", ...)` runs one of its programs and returns what it prints."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(f"needs root and Slurm on this machine; missing: {', '.join(missing) or 'root'}")
    run = tmp_path / "slurm"
    (run / "state").mkdir(parents=True)
    (run / "spool").mkdir()
    (run / "slurm.conf").write_text(CONFIG.format(host=socket.gethostname().split(".")[0], run=run))
    monkeypatch.setenv("SLURM_CONF", str(run / "slurm.conf"))
    try:
        call("slurmctld", "-c")
        for node in ("n1", "n2"):
            call("slurmd", "-N", node)
        wait_for(lambda: call("sinfo", "-N", "-h", "-p", "low", "-o", "%T").split() == ["idle", "idle"], 30)
        yield call
    finally:
        for path in run.glob("*.pid"):
            subprocess.run(["kill", path.read_text().strip()], check=False)


def call(*command: object) -> str:
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True).stdout


def wait_for(ready, seconds):
    """Until something holds. A test that waits longer than this has failed."""
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.3)


def pids_with(*words):
    """The processes on whose command lines all of these words are."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            told = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if all(word.encode() in told for word in words):
            found.append(int(path.parent.name))
    return found
