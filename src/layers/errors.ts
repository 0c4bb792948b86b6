import type { ErrorCatalogue } from '../kernel/index.ts';
import { LAYERS_DEB_ERRORS } from './debian/errors.ts';

/** Every error this room raises. */
export const LAYERS_ERRORS: ErrorCatalogue = {
  'RIG-LAYERS-001': {
    title: 'A wheel is no readable zip file',
    explanation:
      'The end record or the list of entries of the file is missing, cut off or inconsistent. A download that was cut short looks like this; ' +
      'so does a page of HTML saved under the name of a wheel. Remove it from the store and run the command again.',
  },
  'RIG-LAYERS-002': {
    title: 'A wheel contradicts itself',
    explanation:
      'A zip file describes every entry twice, and here the two descriptions differ, or entries overlap, or one name is listed twice. Different ' +
      'programs would unpack such a file differently, which is how malicious files hide; so it is refused.',
  },
  'RIG-LAYERS-003': {
    title: 'A wheel holds a path that is never unpacked',
    explanation:
      'Absolute paths, `..`, backslashes, control characters and names that are not UTF-8 are refused, because unpacking them could write ' +
      'outside the environment.',
  },
  'RIG-LAYERS-004': {
    title: 'A wheel holds a link or a special file',
    explanation:
      'The wheel format knows only files and folders. A symbolic link could lead out of the environment, so it is refused.',
  },
  'RIG-LAYERS-005': {
    title: 'A wheel uses a zip feature that wheels do not have',
    explanation:
      'Encrypted entries and compression methods other than deflate cannot be installed by pip either. Ask its maintainers for a proper wheel.',
  },
  'RIG-LAYERS-006': {
    title: 'A wheel would unpack to an absurd size',
    explanation:
      'The declared sizes are far beyond what deflate can have produced or what any package holds. This is what a zip bomb looks like.',
  },
  'RIG-LAYERS-007': {
    title: 'A wheel does not describe itself properly',
    explanation:
      'A wheel has exactly one folder NAME-VERSION.dist-info that agrees with its file name, with WHEEL and RECORD in it ' +
      '(the binary distribution format of Python packages).',
  },
  'RIG-LAYERS-008': {
    title: 'The content of a wheel does not match what it declares',
    explanation:
      'An entry does not decompress, or decompresses to another size or checksum than its header says. If the hash of the file is right, the ' +
      'package was published broken; otherwise remove it from the store and fetch it again.',
  },
  'RIG-LAYERS-009': {
    title: 'A wheel declares a command that cannot be made',
    explanation:
      'Each line of entry_points.txt must be `name = module:function` with a plain file name on the left.',
  },
  'RIG-LAYERS-010': {
    title: 'The disk is full or cannot be written',
    explanation:
      'Packages are unpacked below TORCHRIG_HOME. What was half done has been removed; free some space (`rig gc`) or point TORCHRIG_HOME to ' +
      'another disk, and run the command again.',
  },
  'RIG-LAYERS-011': {
    title: 'Two entries of a wheel would be installed as one file',
    explanation:
      'Two entries end at the same path, or at paths that differ only in upper and lower case, or one is a file where the other needs a folder. ' +
      'The result would depend on the order of unpacking, so it is refused.',
  },
  'RIG-LAYERS-012': {
    title: 'A stored file that a layer is made of is missing or changed',
    explanation:
      'Layers are replayed from the files in the store. Run `rig build` again: it fetches what is missing.',
  },
  'RIG-LAYERS-013': {
    title: 'A path of a generated file is not a path inside the image',
    explanation: 'This is a fault of rig itself; please report it with the message.',
  },
  ...LAYERS_DEB_ERRORS,
};
