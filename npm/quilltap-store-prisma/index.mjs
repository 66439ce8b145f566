export * from 'quilltap-store/prisma'
export { default } from 'quilltap-store/prisma'
