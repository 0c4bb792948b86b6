export { SOURCES_ERRORS } from './errors.ts';
export { connectionTo, describeSources, pythonSources } from './pythonSources.ts';
export type { PythonSources } from './pythonSources.ts';
export { pythonIndex } from './pythonIndex.ts';
export type { IndexFile, PythonIndex, ServedWheel } from './pythonIndex.ts';
export { openRemoteFile, remoteSize } from './remoteFile.ts';
export type { RemoteFile } from './remoteFile.ts';
export { normalizeName, parseWheelName } from './wheelName.ts';
export type { WheelName } from './wheelName.ts';
