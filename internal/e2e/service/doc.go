// Package service tests the running service from outside: gifts, refunds and disputes over HTTP, forged and bad
// deliveries, and processes that are killed. It holds no test that needs less than a running program: those stand
// beside the code they test.
package service
