"""依法删除: the county erases what the law wants gone, at every station that holds it (sync §2.4)."""
