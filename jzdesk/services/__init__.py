"""What a person does, one transaction each: plain frozen dataclasses in and out."""
