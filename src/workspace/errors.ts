import type { ErrorCatalogue } from '../kernel/index.ts';

export const WORKSPACE_ERRORS: ErrorCatalogue = {
  'RIG-WORKSPACE-001': {
    title: 'the Jupyter token cannot be read or made',
    explanation:
      'Every environment has a token of its own, 64 hexadecimal digits in a file that only its owner may read. The file holds something else, or cannot be read or written. Remove it: the next rig up makes a new one.',
  },
  'RIG-WORKSPACE-002': {
    title: 'a port is taken',
    explanation:
      'A port that was asked for by name, in torchrig.yaml or by a flag, is in use or may not be used by this user; rig does not move to another one behind your back. A port that nobody asked for moves to the next free one by itself. The message names the process that listens, where this user may see it.',
  },
  'RIG-WORKSPACE-003': {
    title: 'the workspace folder cannot be used',
    explanation:
      'The folder of the host that is seen at /workspace could not be made or may not be written: it is a file, belongs to somebody else, or lies on a read-only file system.',
  },
  'RIG-WORKSPACE-004': {
    title: 'Jupyter did not start',
    explanation:
      'The server ended or did not answer in time. The last lines of its log are in the message; rig logs shows all of it. A package that was added or upgraded inside the environment is the usual cause: rig down --purge gives the locked state back.',
  },
  'RIG-WORKSPACE-005': {
    title: 'another server answers on the port of Jupyter',
    explanation:
      'Something answers on the port, but does not accept the token of this environment: most likely a Jupyter that was started by hand. Choose another port, or end the other server.',
  },
  'RIG-WORKSPACE-006': {
    title: 'Jupyter answers, but its kernel does not work',
    explanation:
      'At the end of rig up a kernel is started through Jupyter, runs code, is interrupted and restarted, as a notebook would. The message names the step that failed. The usual causes are too little memory, and a package that was changed inside the environment.',
  },
};
