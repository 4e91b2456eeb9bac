package config

// backupRows say where backups go. They are set at the start, and
// checked by who makes backups.
var backupRows = []*directive{
	{name: "backup-target", is: text(), def: "", when: atStart,
		keep: textAt(func(c *Config) *string { return &c.BackupTarget }),
		help: "a folder, or s3://BUCKET/PREFIX, that backups are kept in"},
	{name: "backup-schedule", is: sentence("@hourly, @daily, an interval as 6h, or five fields as cron has them"), def: "", when: atStart,
		keep: textAt(func(c *Config) *string { return &c.BackupSchedule }),
		help: "when the server makes a backup, in local time"},
	{name: "backup-retention", is: sentence("keep-last N, keep-daily N, keep-within TIME, any of them"), def: "", when: atStart,
		keep: textAt(func(c *Config) *string { return &c.BackupRetention }),
		help: "which backups are kept when others are removed; without a rule all"},
	{name: "backup-s3-endpoint", is: text(), def: "", when: atStart,
		keep: textAt(func(c *Config) *string { return &c.BackupS3Endpoint }),
		help: "URL of an S3-compatible store; without it AWS_ENDPOINT_URL, or else that of AWS"},
	{name: "backup-s3-region", is: text(), def: "", when: atStart,
		keep: textAt(func(c *Config) *string { return &c.BackupS3Region }),
		help: "region of the bucket; without it AWS_REGION"},
	{name: "backup-s3-access-key", is: text(), def: "", when: atStart,
		keep: textAt(func(c *Config) *string { return &c.BackupS3AccessKey }),
		help: "ID of the access key; without it AWS_ACCESS_KEY_ID, or the file of AWS"},
	{name: "backup-s3-secret-key", is: text(), def: "", when: atStart, secret: true,
		keep: textAt(func(c *Config) *string { return &c.BackupS3SecretKey }),
		help: "secret access key; without it AWS_SECRET_ACCESS_KEY, or the file of AWS"},
}

// sentence takes words that belong together, whether they are quoted or not.
func sentence(allowed string) syntax {
	return words(allowed, maxSentenceWords, "Too many words.")
}

// maxSentenceWords bounds the words of a sentence.
const maxSentenceWords = 16
