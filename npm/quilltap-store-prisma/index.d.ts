export * from 'quilltap-store/prisma'
