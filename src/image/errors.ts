import type { ErrorCatalogue } from '../kernel/index.ts';

/** Every error this room raises. */
export const IMAGE_ERRORS: ErrorCatalogue = {
  'RIG-IMAGE-001': {
    title: 'A layer did not come out as its digest says',
    explanation:
      'The bytes of a layer, put together from the store, have another hash than when the image was built: a file in the store or a remembered ' +
      'digest was changed. `rig gc --verify` finds the file; building again with `rig build --no-cache` computes everything anew.',
  },
  'RIG-IMAGE-002': {
    title: 'The image cannot be written there',
    explanation:
      'The folder of the layout or archive is missing, not writable, full, or holds something that is no OCI layout.',
  },
  'RIG-IMAGE-003': {
    title: 'Not an image',
    explanation:
      'The folder or file is neither an OCI image layout nor an archive in the format of docker save.',
  },
  'RIG-IMAGE-004': {
    title: 'The image is not sound',
    explanation:
      'A digest, diffID, size or reference inside the image is wrong, or a layer is no proper tar archive. The findings say which. ' +
      'Such an image must not be used; build or fetch it again.',
  },
};
