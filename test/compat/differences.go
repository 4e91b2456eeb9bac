package compat

import "larder/test/compat/harness"

// differences is the table of what larder intends to answer otherwise than
// redis-server 7.0 and memcached 1.6.18. Command and reply patterns are
// regular expressions over a transcript's lines, anchored at both ends.
var differences = []harness.Difference{}
