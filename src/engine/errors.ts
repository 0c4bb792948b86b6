import type { ErrorCatalogue } from '../kernel/index.ts';

export const ENGINE_ERRORS: ErrorCatalogue = {
  'RIG-ENGINE-001': {
    title: 'Not a name for an environment.',
    explanation:
      'An environment is a folder of its name below TORCHRIG_HOME, so a name is a plain file name: letters, digits, "-", "_" and ".", at most 63 of them, the first a letter or digit.',
  },
  'RIG-ENGINE-002': {
    title: 'There is no such environment, or it is not running.',
    explanation:
      'Commands can only be run inside a running environment. `rig ps` lists what there is, `rig up NAME` starts one. After a restart of the machine, or when the main command ended, an environment has to be started again; what was installed in it is still there.',
  },
  'RIG-ENGINE-003': {
    title: 'The environment did not start.',
    explanation:
      "The first process of the sandbox ended before the root file system was complete. The reason given is what the failing program printed; all of it is in the environment's log (`rig logs NAME`).",
  },
  'RIG-ENGINE-004': {
    title: 'Another process still holds the environment.',
    explanation:
      'A writable layer must never be mounted twice, so each environment is guarded by a lock that everything inside holds as long as it lives. Some process of an earlier start is still there. `rig down NAME` ends it.',
  },
  'RIG-ENGINE-005': {
    title: 'A folder to be mounted is missing or may not be used.',
    explanation:
      'The workspace and every mount are folders or files of this machine which must exist and be readable (and writable, unless mounted read-only) by the calling user.',
  },
  'RIG-ENGINE-006': {
    title: 'No way to isolate an environment was found on this machine.',
    explanation:
      'The sandbox needs Linux namespaces: as root, or as an ordinary user where user namespaces are allowed. Where neither is to be had it runs under proot, which needs ptrace. The reason says what was tried and what refused. Ways out: allow user namespaces (the hint has the setting), run as root, or use docker or podman.',
  },
  'RIG-ENGINE-007': {
    title: 'The root folder of the image does not belong to the caller.',
    explanation:
      "As an ordinary user, files of other owners appear as owned by nobody inside and cannot be written. The store has to be the user's own: set TORCHRIG_HOME to a folder of yours.",
  },
  'RIG-ENGINE-008': {
    title: 'The file system cannot hold a writable layer.',
    explanation:
      'The writable layer of an environment cannot lie on another overlay (the root of a container), on a network file system, or on a Windows drive in WSL. Put TORCHRIG_HOME on a local disk or a volume.',
  },
  'RIG-ENGINE-009': {
    title: 'This engine is not supported yet.',
    explanation: 'Use `--engine sandbox`, which needs no daemon.',
  },
  'RIG-ENGINE-010': {
    title: 'A program of the host is missing.',
    explanation:
      'The sandbox is set up by programs that every Linux distribution has: util-linux (unshare, nsenter, mount, flock, setpriv) and coreutils.',
  },
  'RIG-ENGINE-011': {
    title: 'A GPU that was asked for is not there.',
    explanation:
      '`gpus` names an index or UUID which this machine does not have. `rig doctor` lists its GPUs.',
  },
  'RIG-ENGINE-012': {
    title: 'A purged environment could not be removed from disk.',
    explanation:
      'It is no longer listed, but files of it are left. As an ordinary user, files that were made under subordinate ids can only be removed with the same entry in /etc/subuid that was there when they were made.',
  },
  'RIG-ENGINE-013': {
    title: 'The folder of the environments cannot be written.',
    explanation:
      'Every environment keeps its state, log and writable layer below TORCHRIG_HOME. Point TORCHRIG_HOME to a folder of yours with space; inside a container whose root is read-only, to a volume (docker run -v rig:/data -e TORCHRIG_HOME=/data).',
  },
};
