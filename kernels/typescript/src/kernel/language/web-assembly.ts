/**
 * Text of an ambient declaration of WebAssembly's core. Node has it, but TypeScript describes it only among the types of
 * browsers, which cells are not given. Interfaces and variables, as there, so that both can stand side by side.
 */
export const WEB_ASSEMBLY = `
declare namespace WebAssembly {
  type ImportExportKind = "function" | "global" | "memory" | "table";
  interface Module {}
  interface ModuleConstructor {
    prototype: Module;
    new (bytes: ArrayBuffer | ArrayBufferView): Module;
    exports(module: Module): { name: string; kind: ImportExportKind }[];
    imports(module: Module): { module: string; name: string; kind: ImportExportKind }[];
  }
  interface Instance { readonly exports: Record<string, unknown> }
  interface InstanceConstructor { prototype: Instance; new (module: Module, imports?: Record<string, Record<string, unknown>>): Instance }
  interface Memory { readonly buffer: ArrayBuffer; grow(pages: number): number }
  interface MemoryConstructor { prototype: Memory; new (descriptor: { initial: number; maximum?: number; shared?: boolean }): Memory }
  var Module: ModuleConstructor;
  var Instance: InstanceConstructor;
  var Memory: MemoryConstructor;
  function compile(bytes: ArrayBuffer | ArrayBufferView): Promise<Module>;
  function instantiate(module: Module, imports?: Record<string, Record<string, unknown>>): Promise<Instance>;
  function instantiate(bytes: ArrayBuffer | ArrayBufferView, imports?: Record<string, Record<string, unknown>>): Promise<{ module: Module; instance: Instance }>;
  function validate(bytes: ArrayBuffer | ArrayBufferView): boolean;
}
`;
