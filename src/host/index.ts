export type {
  CgroupFacts,
  ContainerFacts,
  CpuFacts,
  DiskFacts,
  DriverFacts,
  EngineFacts,
  GpuFacts,
  HostFacts,
  LimitFacts,
  MemoryFacts,
  NamespaceFacts,
  NvlinkFacts,
  ShmFacts,
  SystemFacts,
  ToolkitFacts,
  XidFact,
} from './facts.ts';
export { gatherHostFacts } from './gather.ts';
export { localReader } from './localReader.ts';
export type { FileSystemFacts, HostReader, Look, Outcome } from './reader.ts';
export { recordingReader } from './recordingReader.ts';
export type { Machine } from './recordedReader.ts';
export { memoryLimit } from './cgroup.ts';
export { hostFingerprint } from './fingerprint.ts';
