// The same types for `import`: without this file, TypeScript takes prisma.d.ts for CommonJS only.
import * as prisma from './prisma.js'

export * from './prisma.js'
export default prisma
