package config

// IsExplicit tells whether somebody set the directive, to its default or not.
func (c *Config) IsExplicit(name string) bool { return c.explicit[name] }
