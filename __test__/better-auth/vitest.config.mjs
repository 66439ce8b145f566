export default { test: { include: ['*.vitest.mjs'], testTimeout: 60_000, hookTimeout: 120_000 } }
