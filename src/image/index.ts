export { IMAGE_ERRORS } from './errors.ts';
export { buildImage, imageSummary, knownLayers } from './buildImage.ts';
export type { BuildOptions, Image, ImageLayer, ImageSummary } from './buildImage.ts';
export type { ImageConfig } from './imageConfig.ts';
export { layerBlob } from './layerBlob.ts';
export { writeOciLayout } from './ociLayout.ts';
export type { WriteOptions } from './ociLayout.ts';
