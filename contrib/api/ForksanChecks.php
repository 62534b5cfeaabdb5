<?php
// SPDX-License-Identifier: MIT
// For PHPUnit's test cases: a test fails when forksan has counted a violation during it.
//
//     final class OrdersTest extends TestCase { use ForksanChecks; ... }
require_once __DIR__ . '/Forksan.php';

trait ForksanChecks
{
	private $violations;

	/** @before */
	public function countViolationsBefore(): void
	{
		$this->violations = Forksan::findings();
	}

	/** @postCondition */
	public function assertNoViolation(): void
	{
		$this->assertSame($this->violations, Forksan::findings(),
			'forksan has counted violations: a connection is shared over a fork');
	}
}
