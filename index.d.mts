// The same types for `import`: without this file, TypeScript takes index.d.ts for CommonJS only.
export * from './index.js'
